"""`quantos images`: built from this checkout, loaded into a containerd, named by digest in an environment file."""

import difflib
import os
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import typer
from rich.table import Table

from cli.console import err, out, print_table, step
from cli.places import ENVIRONMENTS, ROOT
from images.bases.base import Base
from images.bases.sources import debian_base, file_base
from images.build import ARCHIVE_SUFFIX, Builder, BuiltImage
from images.containerd import Containerd
from images.definition import read_definitions
from images.errors import ImageError
from images.layers.engine import AWS_PLUGIN, EngineFiles, engine_files
from images.layers.store import LayerStore, layer_store
from images.layers.wheels import read_lock
from images.oci import archived_digest
from images.pins import Pinned, pinned
from quantos.catalog.catalog import load_catalog
from quantos.environment.load import load_environment
from quantos.environment.settings.environment import EnvironmentSettings

MIB = 1 << 20


def build(
    names: Sequence[str], *, base: str | None, debian: str | None, renew: bool, engine: Path | None, folder: Path
) -> None:
    """Build images, all that are defined by default, and print their digests."""
    definitions = read_definitions(names, project=ROOT)
    store = layer_store(os.environ)
    with step("base"):
        opened = _base(base, debian, renew=renew, store=store)
    out.print(f"base {opened.name} {opened.digest}", markup=False)

    @cache
    def files() -> EngineFiles:
        return engine_files(engine, locked=read_lock(ROOT / "uv.lock"), environ=os.environ)

    builder = Builder(project=ROOT, base=opened, store=store, engine=files, environ=os.environ)
    made: list[BuiltImage] = []
    for place, definition in enumerate(definitions):
        with step(definition.name) as display:
            made.append(builder.build(definition, into=folder, tell=lambda what, at=place: display.progress(what, at)))
        if definition.tools and not files().has_plugin:
            err.print(
                f"{definition.name}: its engine is {files().origin} and has no {AWS_PLUGIN}: it changes no stack of an"
                " account; name a folder with both by --engine",
                style="yellow",
                markup=False,
            )
    _tell(made)


def load(names: Sequence[str], *, address: str, ctr: str, folder: Path, environment: str | None) -> None:
    """Load images into a containerd, and print the references that pods may name."""
    settings = None if environment is None else _settings(environment)
    containerd = Containerd(address, ctr=ctr)
    for name in names:
        repository = None
        if settings is not None:
            repository = settings.names().image(name, "").removesuffix("@")
        with step(name):
            reference = containerd.load(name, folder / f"{name}{ARCHIVE_SUFFIX}", repository=repository)
        out.print(reference, markup=False)


def pin(environment: str, *, folder: Path, check: bool) -> None:
    """Write the digests of a folder's images into an environment file; with `check` only say whether they are there.

    Raises:
        ImageError: the folder has no images, or with `check` the file names others.
        SettingsError: the file breaks a rule of environment files.
    """
    archives = sorted(folder.glob(f"*{ARCHIVE_SUFFIX}"))
    if not archives:
        raise ImageError(f"{folder} has no images", remedy="build them: `quantos images build`")
    path = ENVIRONMENTS / f"{environment}.yaml"
    _settings(environment)
    before = path.read_text(encoding="utf-8")
    after = pinned(before, {archive.stem: archived_digest(archive) for archive in archives})
    difference = _difference(path, before, after)
    out.print(difference, markup=False, end="")
    if after.without_place:
        err.print(f"{environment} runs no {', '.join(after.without_place)}: nothing is written for it", markup=False)
    if check and difference:
        raise ImageError(
            f"{environment} runs other images than those in {folder}",
            remedy=f"write them: `quantos images pin {environment}`",
        )
    if difference:
        path.write_text(after.text, encoding="utf-8")
        err.print(f"written: {path}", markup=False)


def _base(name: str | None, debian: str | None, *, renew: bool, store: LayerStore) -> Base:
    if (name is None) == (debian is None):
        raise typer.BadParameter("name one base: --base FILE, or --debian SUITE where there is no registry")
    if name is not None:
        return file_base(name, store=store, environ=os.environ)
    return debian_base(debian or "", store=store, environ=os.environ, renew=renew)


def _settings(environment: str) -> EnvironmentSettings:
    return load_environment(environment, root=ENVIRONMENTS, catalog=load_catalog())


def _difference(path: Path, before: str, after: Pinned) -> str:
    name = "/".join(path.parts[-3:])
    lines = (before.splitlines(keepends=True), after.text.splitlines(keepends=True))
    return "".join(difflib.unified_diff(*lines, fromfile=f"a/{name}", tofile=f"b/{name}"))


def _tell(made: Sequence[BuiltImage]) -> None:
    table = Table(box=None, pad_edge=False)
    for heading in ("image", "digest", "MiB", "layers in MiB", "written"):
        table.add_column(heading)
    for built in made:
        layers = ", ".join(f"{layer.purpose} {layer.size / MIB:.1f}" for layer in built.image.layers)
        table.add_row(built.image.name, built.image.digest, f"{built.image.size / MIB:.1f}", layers, str(built.archive))
    print_table(table)
