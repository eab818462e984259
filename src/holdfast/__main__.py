"""`python -m holdfast`: the command, where no script of it is on the path."""

from holdfast.cli.main import run

run()
