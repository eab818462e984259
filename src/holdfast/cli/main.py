"""The command `holdfast`: its commands are put together here, and errors end here.

Command files import nothing heavy at their top, so that `holdfast --help` answers at once.
"""

from __future__ import annotations

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from holdfast import __version__
from holdfast.cli.ablate import ablate
from holdfast.cli.blend import blend
from holdfast.cli.board import board
from holdfast.cli.check import check
from holdfast.cli.clean import clean
from holdfast.cli.compare import compare
from holdfast.cli.demo import demo
from holdfast.cli.doctor import doctor
from holdfast.cli.explain import explain
from holdfast.cli.export import export
from holdfast.cli.importance import importance
from holdfast.cli.ledger import app as ledger
from holdfast.cli.list import list_components
from holdfast.cli.new import new
from holdfast.cli.pack import pack
from holdfast.cli.predict import predict
from holdfast.cli.refit import refit
from holdfast.cli.report import report
from holdfast.cli.schema import schema
from holdfast.cli.show import show
from holdfast.cli.study import app as study
from holdfast.cli.submissions import app as submissions
from holdfast.cli.submit import submit
from holdfast.cli.train import train
from holdfast.cli.tune import tune
from holdfast.cli.unpack import unpack
from holdfast.collector import seldom
from holdfast.errors import BadInput, JobFailed

FAILED, BAD_INPUT, INTERRUPTED = 1, 2, 130  # exit codes; 130 is the shell's for Ctrl-C


class Commands(TyperGroup):
    """Turns the three expected ends of a command into one line and an exit code."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except BadInput as error:
            typer.echo(f"error: {error}", err=True)
            raise typer.Exit(BAD_INPUT) from None
        except JobFailed as error:
            typer.echo(f"error: {error}", err=True)
            raise typer.Exit(FAILED) from None
        except KeyboardInterrupt:
            typer.echo("stopped; the same command again continues", err=True)
            raise typer.Exit(INTERRUPTED) from None


app = typer.Typer(
    cls=Commands,
    name="holdfast",
    help="Small, skewed, grouped data to a validated model and a checked submission.",
    epilog="First: holdfast new FOLDER, then holdfast train recipe.yaml, then holdfast submit RUN -o FILE.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,  # plain help: importing rich costs more than all the rest
    pretty_exceptions_enable=False,
)
for name, command, says in (
    ("new", new, "Write a commented recipe for the data of a folder."),
    ("check", check, "Look for leaks, wrong labels and broken values first."),
    ("train", train, "Train a recipe's members over all folds, and score them."),
    ("tune", tune, "Try the searches of a recipe, and write the best one."),
    ("refit", refit, "Train a run's members on all data, for deployment."),
    ("predict", predict, "Write what a run, or a pack, says of new samples."),
    ("pack", pack, "Pack a run into one archive, to predict and train elsewhere."),
    ("export", export, "Write a run's networks as ONNX files."),
    ("unpack", unpack, "Check a pack, and make a run folder of it."),
    ("submit", submit, "Write a run's test predictions as the sample file asks."),
    ("show", show, "Show a run's scores, or what it still lacks."),
    ("report", report, "Write one HTML file about a run, or about several compared."),
    ("ablate", ablate, "Tell whether each technique of a recipe helps."),
    ("compare", compare, "Tell by paired folds whether finished runs differ."),
    ("blend", blend, "Combine the members of finished runs into one run."),
    ("explain", explain, "Show what a run mistakes for what, and its worst mistakes."),
    ("importance", importance, "Show which clusters of columns a run relies on."),
    ("board", board, "Show runs and submissions as pages in a browser."),
    ("clean", clean, "Free disk by what can be made again."),
    ("list", list_components, "List every component with its fields and defaults."),
    ("schema", schema, "Print the JSON schema of a recipe, for editors."),
    ("doctor", doctor, "Check this machine and its packages."),
    ("demo", demo, "The whole way once, on real smart-watch data."),
):
    app.command(name, short_help=says)(command)
app.add_typer(study, name="study", short_help="What common habits would have claimed on these data.")
app.add_typer(
    submissions, name="submissions", short_help="Submissions, their scores, and what a day has left."
)
app.add_typer(ledger, name="ledger", short_help="The index of runs, comparisons and submissions.")


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"holdfast {__version__}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None: ...


def run() -> None:
    """The entry point of the console script."""
    with seldom():
        app()
