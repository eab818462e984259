"""`python -m holdfast`: the command, where no script of it is on the path."""

from holdfast.cli.main import run

if __name__ == "__main__":
    run()
