"""`quantos dag`: what a compiler or a person wrote, checked and drawn here."""

import sys
from pathlib import Path

from cli.console import out
from quantos.contracts.dag.spec import DagSpec
from quantos.errors import SettingsError
from quantos.orchestration.spec.drawing import lines, picture_of, svg
from quantos.orchestration.spec.reading import read_dag


def check(file: Path) -> None:
    """Print what a DAG is. Raises SettingsError with everything that is wrong with it."""
    dag = _read(file)
    kinds = ", ".join(sorted({node.kind for node in dag.nodes}))
    out.print(f"{dag.pipeline_id}: {len(dag.nodes)} nodes ({kinds}), {len(dag.edges)} edges, digest {dag.digest()}")


def draw(file: Path, *, picture: Path | None) -> None:
    """Print a DAG line by line, or write its picture. Raises SettingsError where it is wrong or cannot be written."""
    dag = _read(file)
    if picture is None:
        for line in lines(dag):
            out.print(line, markup=False)
        return
    try:
        picture.write_text(svg(picture_of(dag)), encoding="utf-8")
    except OSError as exc:
        raise SettingsError(f"{picture} cannot be written: {exc.strerror or exc}", remedy="name another file") from exc
    out.print(f"{picture}", markup=False)


def _read(file: Path) -> DagSpec:
    try:
        content = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as exc:
        raise SettingsError(f"{file} cannot be read: {exc.strerror or exc}", remedy="name a file of a DAG") from exc
    return read_dag(content, shown="standard input" if str(file) == "-" else str(file))
