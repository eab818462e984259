"""The one error that a user can mend: it is shown once, without a traceback, and ends with exit code 2."""


class BadInput(ValueError):
    """Something that the user wrote or gave is wrong.

    The message names the file, row or field, what was expected, and what to do.
    """
