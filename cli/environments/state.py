"""`quantos state`: the versions of a stack's state, and one of them put back."""

from collections.abc import Iterable
from datetime import UTC

import typer
from rich.table import Table

from cli.console import err, out, print_table, step
from cli.environments.layers import show_run
from cli.packs import packs_of
from cli.recorded import Change, where_there_is_a_chain
from cli.target import Target, open_target
from quantos.deployment.adapters.layers import LayerStacks
from quantos.deployment.adapters.state_files import state_files
from quantos.deployment.checkpoint import KnownResource
from quantos.deployment.state_versions import Restoration, StateFiles, ensure_readable, loads, propose
from quantos.environment.names import environment_of, layer_of
from quantos.errors import StateUnreadableError
from quantos.operations.restore import put_back, strangers
from stacks.programs import declare


def versions(stack: str, *, most: int) -> None:
    """Print the `most` newest versions that the backend keeps, and whether each can be loaded."""
    _, files = _opened(stack)
    try:
        standing = ensure_readable(files, stack)
        out.print("there is no such stack" if standing is None else f"stands: {len(standing.resources)} resources")
    except StateUnreadableError as exc:
        out.print(exc.what, markup=False)
    table = Table("version", "written, UTC", "from", "holds", box=None, pad_edge=False)
    for version in files.versions(stack)[:most]:
        judged = loads(files, stack, version)
        holds = judged.what if isinstance(judged, StateUnreadableError) else f"{len(judged.resources)} resources"
        table.add_row(version.name, f"{version.written_at.astimezone(UTC):%Y-%m-%d %H:%M:%S}", version.source, holds)
    print_table(table)


def restore(stack: str, *, to: str | None, ask: bool) -> None:
    """Put a version back and read back what stands. Raises Exit(1) where it then differs from what is declared."""
    target, files = _opened(stack)
    restoration = propose(files, stack, name=to)
    _show(restoration)
    unknown = [
        *map(_resource_line, restoration.forgotten), *strangers(target.settings, stack, restoration.checkpoint),
    ]  # fmt: skip
    _list("not known to it, and managed by nobody once it is back", unknown)
    if ask:
        typer.confirm(f"Put this version of {stack} back?", abort=True, err=True)
    stacks = LayerStacks(target.project_dir, target.variables, packs_of(target), declare)
    change = Change(kind="state", subject=stack, body={"put_back": restoration.version.name, "unknown": list(unknown)})
    with (
        where_there_is_a_chain(target, change),
        put_back(target.settings, stacks, files=files, restoration=restoration) as (held, kept),
    ):
        out.print(f"put back; what stood is kept at {kept}" if kept else "put back; nothing stood", markup=False)
        with step(f"read back {stack}") as display:
            held.refresh(stack, progress=display.progress)
        with step(f"look at {stack}") as display:
            run = held.drift(stack, progress=display.progress)
    out.print(f"what `quantos up {environment_of(stack)} --layer {layer_of(stack)}` would do now:")
    show_run(run)
    _list("managed by nobody; adopt each with `pulumi import`, or remove it", unknown)
    if run.changed or run.violations or unknown:
        raise typer.Exit(1)


def _opened(stack: str) -> tuple[Target, StateFiles]:
    target = open_target(environment_of(stack))
    return target, state_files(target.variables["PULUMI_BACKEND_URL"])


def _show(restoration: Restoration) -> None:
    version, saved = restoration.version, restoration.checkpoint.saved_at
    out.print(restoration.unreadable or f"the state of {restoration.stack} can be loaded", markup=False)
    when = "never updated" if saved is None else f"saved at {saved.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
    count = len(restoration.checkpoint.resources)
    out.print(f"to put back: {version.name} ({version.source}), {when}, {count} resources", markup=False)
    _list("known again, and not to the state that stands", map(_resource_line, restoration.revived))
    _list("whose making had begun; each may stand or not", map(_resource_line, restoration.begun))


def _resource_line(resource: KnownResource) -> str:
    return f"{resource.type} {resource.name}" + (f" ({resource.id})" if resource.id else "")


def _list(title: str, lines: Iterable[str]) -> None:
    entries = list(lines)
    if entries:
        err.print(f"{title}:", markup=False)
    for line in entries:
        out.print(f"  {line}", markup=False)
