"""One trace of a file of spans, as the tree that it is."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from sandbox.errors import SandboxError

_NANOSECONDS = 1e9


class KeptSpan(BaseModel):
    """A span as the receiver kept it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    trace_id: str
    span_id: str
    parent_span_id: str | None
    name: str
    start_ns: int
    end_ns: int
    status: int
    message: str
    scope: str
    attributes: dict[str, JsonValue]
    resource: dict[str, JsonValue]

    @property
    def seconds(self) -> float:
        """How long it took."""
        return (self.end_ns - self.start_ns) / _NANOSECONDS


@dataclass(frozen=True)
class Branch:
    """A span, and what happened within it, in order of time."""

    span: KeptSpan
    within: tuple["Branch", ...]


def spans_of(path: Path, trace_id: str) -> list[KeptSpan]:
    """Spans of one trace, each once, as it came first; a last line that is not whole yet is left out.

    Raises:
        SandboxError: the file cannot be read, or holds something else.
    """
    try:
        lines = path.read_text(encoding="utf-8").split("\n")[:-1]
        spans = [KeptSpan.model_validate_json(line) for line in lines if trace_id in line]
    except (OSError, UnicodeDecodeError, ValidationError) as exc:
        raise SandboxError(f"{path} is no file of spans: {exc}", remedy="start the sandbox anew") from exc
    return list({span.span_id: span for span in reversed(spans) if span.trace_id == trace_id}.values())


def tree_of(spans: Iterable[KeptSpan]) -> tuple[Branch, ...]:
    """Spans under their parents; one whose parent is not there stands at the top."""
    by_id = {span.span_id: span for span in spans}
    children: dict[str | None, list[KeptSpan]] = defaultdict(list)
    for span in sorted(by_id.values(), key=lambda span: (span.start_ns, span.span_id)):
        children[span.parent_span_id if span.parent_span_id in by_id else None].append(span)
    return tuple(_branch(span, children) for span in children[None])


def lines_of(branches: Iterable[Branch], *, depth: int = 0, deepest: int | None = None) -> Iterator[str]:
    """A span a line for a terminal, what happened within it below and further to the right, down to a depth."""
    if deepest is not None and depth >= deepest:
        return
    for branch in branches:
        span = branch.span
        failed = f"  failed: {span.message}" if span.message else ""
        service = span.resource.get("service.name", "")
        yield f"{'  ' * depth}{span.name}  {span.seconds:.3f} s  ({service}, {span.scope}){failed}"
        yield from lines_of(branch.within, depth=depth + 1, deepest=deepest)


def _branch(span: KeptSpan, children: dict[str | None, list[KeptSpan]]) -> Branch:
    return Branch(span, tuple(_branch(child, children) for child in children[span.span_id]))
