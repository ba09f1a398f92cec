"""`quantos images`."""

from pathlib import Path
from typing import Annotated

import typer

from cli.commands.arguments import EnvironmentName, SearchedEnvironment
from cli.places import ROOT

app = typer.Typer(help="The project's own images, made without a registry.", no_args_is_help=True)
FOLDER = ROOT / "dist" / "images"

Folder = Annotated[Path, typer.Option("--images", help="Where built images lie.")]


@app.command()
def build(
    names: Annotated[list[str] | None, typer.Argument(metavar="NAME", help="All that are defined by default.")] = None,
    *,
    base: Annotated[
        str | None, typer.Option(metavar="FILE", help="A saved image (OCI or Docker archive), or the tar of a root.")
    ] = None,
    debian: Annotated[
        str | None, typer.Option(metavar="SUITE", help="A Debian root by mmdebstrap, such as bookworm.")
    ] = None,
    renew: Annotated[bool, typer.Option("--renew", help="Make the Debian root anew, of what Debian has now.")] = False,
    engine: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Pulumi's executables and resource-aws-vVERSION; the sandbox's by default."),
    ] = None,
    folder: Annotated[Path, typer.Option("--out", help="Where images and lists of components go.")] = FOLDER,
) -> None:
    """Build images on a base, the same bytes each time, and print their digests."""
    from cli.checkout import images as work

    work.build(names or (), base=base, debian=debian, renew=renew, engine=engine, folder=folder)


@app.command()
def load(
    names: Annotated[list[str], typer.Argument(metavar="NAME")],
    *,
    address: Annotated[str, typer.Option(metavar="SOCK", help="The socket of containerd.")],
    ctr: Annotated[str, typer.Option(help="Its client.")] = "ctr",
    images: Folder = FOLDER,
    env: SearchedEnvironment = None,
) -> None:
    """Load built images into a containerd; with --env under the names that its pods ask for."""
    from cli.checkout import images as work

    work.load(names, address=address, ctr=ctr, folder=images, environment=env)


@app.command()
def pin(
    environment: EnvironmentName,
    *,
    images: Folder = FOLDER,
    check: Annotated[bool, typer.Option("--check", help="Write nothing; exit code 1 where others are named.")] = False,
) -> None:
    """Write the digests of built images into the environment file, which keeps its comments and layout."""
    from cli.checkout import images as work

    work.pin(environment, folder=images, check=check)
