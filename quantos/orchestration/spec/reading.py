"""A DAG from the text that somebody wrote: all that is wrong is told at once, each fault where it stands."""

from collections.abc import Iterator, Sequence
from typing import Final

from quantos.contracts.dag.graph import PathFault, suggestion
from quantos.contracts.dag.spec import MOST_BYTES, DagSpec, Node
from quantos.documents.cross_field import faults_in_part, part_of
from quantos.documents.settings_file import placed, refusal, validated
from quantos.documents.yaml_document import read_yaml
from quantos.faults import Fault, in_order
from quantos.orchestration.kinds.kind import kinds

_REMEDY: Final = "correct the lines above; nothing was submitted"


def read_dag(content: bytes, *, shown: str) -> DagSpec:
    """The DAG in YAML or JSON of UTF-8; `shown` is what it is called in errors.

    Raises:
        SettingsError: anything is wrong with it, which its `faults` tell one by one.
    """
    dag, faults = examined(content)
    if dag is None:
        raise refusal(shown, faults, remedy=_REMEDY)
    return dag


def examined(content: bytes) -> tuple[DagSpec | None, tuple[Fault, ...]]:
    """The DAG and everything that is wrong with it; None where anything is. Never raises."""
    if len(content) > MOST_BYTES:
        return None, (Fault((), f"is {len(content)} bytes long, and a DAG may have {MOST_BYTES}"),)
    try:
        text = content.decode()
    except UnicodeDecodeError as exc:
        return None, (Fault((), f"is not UTF-8 at byte {exc.start}"),)
    document = read_yaml(text)
    dag, faults = validated(DagSpec, document)
    nodes = dag.nodes if dag else getattr(part_of(DagSpec, document.value), "nodes", ())
    of_kinds = tuple(placed(_kind_faults(nodes), document))
    known = {fault.path for fault in faults}
    every = in_order((*faults, *(fault for fault in of_kinds if fault.path not in known)))
    return (None, every) if every else (dag, ())


def _kind_faults(nodes: Sequence[Node]) -> Iterator[PathFault]:
    known = kinds()
    for number, node in enumerate(nodes):
        name = getattr(node, "kind", None)
        if name is None:
            continue
        if name not in known:
            near = suggestion(name, known) or f": there are {', '.join(known)}"
            yield ("nodes", number, "kind"), f"there is no kind {name}{near}"
            continue
        for path, message in faults_in_part(*(check(node) for check in known[name].checks)):
            yield ("nodes", number, *path), message
