"""`quantos dag`."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="DAGs of work, before they are submitted.", no_args_is_help=True)
File = Annotated[Path, typer.Argument(metavar="FILE", help="A DAG in YAML or JSON; - reads standard input.")]


@app.command()
def check(file: File) -> None:
    """Tell everything that is wrong with a DAG, each fault where it stands. Exit code 1 where anything is."""
    from cli.checkout import dag as work

    work.check(file)


@app.command()
def draw(
    file: File,
    picture: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="An SVG to write.")] = None,
) -> None:
    """Draw a DAG: line by line in the order in which it can run, or as a picture."""
    from cli.checkout import dag as work

    work.draw(file, picture=picture)
