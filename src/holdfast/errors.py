"""The errors that a user sees as one message, without a traceback."""


class BadInput(ValueError):
    """Something that the user wrote or gave is wrong: exit code 2.

    The message names the file, row or field, what was expected, and what to do.
    """


class JobFailed(RuntimeError):
    """A job ended without a result though its input was in order: exit code 1. Finished folds are kept."""
