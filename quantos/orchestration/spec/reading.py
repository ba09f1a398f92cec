"""A DAG from the text that somebody wrote: all that is wrong is told at once, each fault where it stands."""

from collections.abc import Iterator, Sequence
from typing import Final, TypeVar

from pydantic import BaseModel

from quantos.contracts.dag.graph import PathFault
from quantos.contracts.dag.spec import MOST_BYTES, DagSpec, Node
from quantos.contracts.dag.submission import SubmissionRequest
from quantos.documents.cross_field import faults_in_part, part_of
from quantos.documents.settings_file import placed, refusal, validated
from quantos.documents.suggestion import suggestion
from quantos.documents.yaml_document import read_yaml
from quantos.environment.labels import key_faults, value_faults
from quantos.errors import SubmissionInvalidError
from quantos.faults import Fault, first_told, in_order
from quantos.orchestration.kinds.kind import kinds

ModelT = TypeVar("ModelT", bound=BaseModel)
RESERVED_LABELS: Final = "quantos.io/"
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


def read_submission(content: bytes, *, shown: str, environment: str | None = None) -> SubmissionRequest:
    """A submission in YAML or JSON of UTF-8, its DAG held to all that `read_dag` holds one to.

    Args:
        environment: the one that is spoken to, where that is known; a submission to another is refused.

    Raises:
        SubmissionInvalidError: anything is wrong with it, which its `faults` tell one by one.
    """
    request, faults = _examined(SubmissionRequest, content, environment=environment)
    if request is None:
        lines = "\n".join(fault.line(shown) for fault in faults)
        raise SubmissionInvalidError(lines, remedy=_REMEDY, faults=faults)
    return request


def examined(content: bytes) -> tuple[DagSpec | None, tuple[Fault, ...]]:
    """The DAG and everything that is wrong with it; None where anything is. Never raises."""
    return _examined(DagSpec, content)


def _examined(
    model: type[ModelT], content: bytes, *, environment: str | None = None
) -> tuple[ModelT | None, tuple[Fault, ...]]:
    if len(content) > MOST_BYTES:
        return None, (Fault((), f"is {len(content)} bytes long, of {MOST_BYTES} at most"),)
    try:
        document = read_yaml(content.decode())
    except UnicodeDecodeError as exc:
        return None, (Fault((), f"is not UTF-8 at byte {exc.start}"),)
    whole, faults = validated(model, document)
    known = {fault.path for fault in faults}
    part = whole or part_of(model, document.value)
    more = placed((*_more_faults(part), *_environment_faults(part, environment)), document)
    every = in_order((*faults, *(fault for fault in more if fault.path not in known)))
    return (None, first_told(every)) if every else (whole, ())


def _more_faults(part: BaseModel) -> Iterator[PathFault]:
    """What only those know who run it, of a document that may be only partly there."""
    match part:
        case DagSpec():
            yield from _kind_faults(getattr(part, "nodes", ()))
        case SubmissionRequest():
            of_dag = _more_faults(part.dag) if hasattr(part, "dag") else ()
            yield from ((("dag", *path), message) for path, message in of_dag)
            for key, value in getattr(getattr(part, "params", None), "labels", {}).items():
                wrong = [*key_faults(key), *value_faults(value)]
                if key.startswith(RESERVED_LABELS):
                    wrong.append(f"is reserved: {RESERVED_LABELS} is the platform's")
                yield from ((("params", "labels", key), message) for message in wrong)


def _environment_faults(part: BaseModel, environment: str | None) -> Iterator[PathFault]:
    stated = getattr(getattr(part, "params", None), "env", environment)
    if environment is not None and stated != environment:
        yield ("params", "env"), f"is {stated}, and this is {environment}: submit there, or write {environment}"


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
