"""What events of a run tell together: jobs with their attempts, datasets by their versions, and edges."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Final, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from quantos.contracts.dag.answers import LineageAnswer
from quantos.errors import OrchestrationError
from quantos.orchestration.lineage.facets import ATTEMPT, CONTENT, ENGINE, WAITING

_VERSION: Final = {"schema_version"}
Facets: TypeAlias = dict[str, dict[str, JsonValue]]


class _Read(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class _Run(_Read):
    id: str = Field(alias="runId")
    facets: Facets = {}


class _Job(_Read):
    namespace: str
    name: str
    facets: Facets = {}


class _Dataset(_Read):
    namespace: str
    name: str
    facets: Facets = {}


class _Event(_Read):
    type: str = Field(alias="eventType")
    time: str = Field(alias="eventTime")
    run: _Run
    job: _Job
    inputs: tuple[_Dataset, ...] = ()
    outputs: tuple[_Dataset, ...] = ()

    def text(self, facet: str, name: str) -> str | None:
        """A text in a facet of the run; None where there is none."""
        value = self.run.facets.get(facet, {}).get(name)
        return value if isinstance(value, str) else None


@dataclass(frozen=True, order=True)
class Dataset:
    """One version of something that was given or taken. `snapshot_id` is a text: as a number it loses digits."""

    namespace: str
    name: str
    snapshot_id: str = ""
    hash: str = ""


@dataclass
class Attempt:
    """A run of a job. `status` is the type of the last event that it has."""

    attempt: int
    run_id: str
    status: str = ""
    waited_since: str | None = None
    waited_for: str | None = None
    started: str | None = None
    ended: str | None = None
    error: str | None = None
    evidence: str | None = None

    def document(self) -> dict[str, JsonValue]:
        """As plain values."""
        return dict(asdict(self))


@dataclass
class Job:
    """A node of the DAG, whose edges name others by `name`."""

    name: str
    kind: str
    attempts: list[Attempt] = field(default_factory=list)
    takes: set[Dataset] = field(default_factory=set)
    gives: set[Dataset] = field(default_factory=set)


@dataclass(frozen=True)
class Lineage:
    """Of one run; `edges` are pairs of nodes."""

    run: str
    namespace: str
    jobs: Mapping[str, Job]
    edges: frozenset[tuple[str, str]]

    def document(self) -> dict[str, JsonValue]:
        """The answer to who asks for it."""
        return {
            "run": self.run,
            "namespace": self.namespace,
            "jobs": [
                {
                    "node": node,
                    "name": job.name,
                    "kind": job.kind,
                    "attempts": [each.document() for each in job.attempts],
                }
                for node, job in sorted(self.jobs.items())
            ],
            "datasets": [
                {
                    **{name: value or None for name, value in asdict(dataset).items()},
                    "given_by": _joined(self.jobs, dataset, "gives"),
                    "taken_by": _joined(self.jobs, dataset, "takes"),
                }
                for dataset in self.datasets()
            ],
            "edges": [
                {"from": source, "to": target, "datasets": [asdict(each)["name"] for each in self.flow(source, target)]}
                for source, target in sorted(self.edges)
            ],
        }

    def datasets(self) -> list[Dataset]:
        """All that was given or taken."""
        return sorted({each for job in self.jobs.values() for each in (*job.takes, *job.gives)})

    def flow(self, source: str, target: str) -> list[Dataset]:
        """What a node gave that another took."""
        if source not in self.jobs or target not in self.jobs:
            return []
        return sorted(self.jobs[source].gives & self.jobs[target].takes)


def lineage_of(run: str, events: Iterable[bytes]) -> Lineage:
    """What events tell, in whatever order and however often they come.

    Raises:
        OrchestrationError: something is no event of a run.
    """
    jobs: dict[str, Job] = {}
    attempts: dict[tuple[str, int], Attempt] = {}
    edges: set[tuple[str, str]] = set()
    namespace = ""
    for event in sorted(map(_event, events), key=lambda event: (event.time, _ORDER.get(event.type, 0))):
        node, number = event.text(ATTEMPT, "node") or event.job.name, _number(event)
        namespace = event.job.namespace
        job = jobs.setdefault(node, Job(event.job.name, _kind(event)))
        if (node, number) not in attempts:
            attempts[node, number] = Attempt(number, event.run.id)
            job.attempts.append(attempts[node, number])
        _tell(attempts[node, number], event)
        job.takes |= {_dataset(each) for each in event.inputs}
        job.gives |= {_dataset(each) for each in event.outputs}
        edges |= set(_edges(event, node))
    return Lineage(run, namespace, jobs, frozenset(edges))


_ORDER: Mapping[str, int] = {"OTHER": -1, "COMPLETE": 1, "FAIL": 1, "ABORT": 1}
"""Of events of one moment."""


def _event(text: bytes) -> _Event:
    with _reading():
        return _Event.model_validate_json(text)


@contextmanager
def _reading() -> Iterator[None]:
    try:
        yield
    except ValidationError as exc:
        error = exc.errors()[0]
        raise OrchestrationError(
            f"an event of lineage cannot be read: {'.'.join(map(str, error['loc']))} {error['msg']}",
            remedy="see what wrote it; events are put once, and only by the platform",
        ) from exc


def _tell(attempt: Attempt, event: _Event) -> None:
    attempt.status = event.type
    if event.type == "OTHER":
        attempt.waited_since, attempt.waited_for = event.time, event.text(WAITING, "reason")
    elif event.type == "START":
        attempt.started = event.time
    else:
        attempt.ended, attempt.error = event.time, event.text("errorMessage", "message")
        attempt.evidence = event.text(ENGINE, "evidence")


def _edges(event: _Event, node: str) -> Iterator[tuple[str, str]]:
    prefix = event.job.name.removesuffix(node)
    with _reading():
        facet = _Dependencies.model_validate(event.run.facets.get("jobDependencies", {}))
    yield from ((each.job.name.removeprefix(prefix), node) for each in facet.upstream)
    yield from ((node, each.job.name.removeprefix(prefix)) for each in facet.downstream)


class _Dependency(_Read):
    job: _Job


class _Dependencies(_Read):
    upstream: tuple[_Dependency, ...] = ()
    downstream: tuple[_Dependency, ...] = ()


def _dataset(read: _Dataset) -> Dataset:
    snapshot = read.facets.get("version", {}).get("datasetVersion")
    content = read.facets.get(CONTENT, {}).get("hash")
    return Dataset(read.namespace, read.name, str(snapshot or ""), str(content or ""))


def _number(event: _Event) -> int:
    number = event.run.facets.get(ATTEMPT, {}).get("attempt")
    return number if isinstance(number, int) else 0


def _kind(event: _Event) -> str:
    return str(event.job.facets.get("jobType", {}).get("jobType", "")).lower()


def _joined(jobs: Mapping[str, Job], dataset: Dataset, how: str) -> list[JsonValue]:
    return [node for node, job in sorted(jobs.items()) if dataset in getattr(job, how)]


def lineage_in(answer: LineageAnswer) -> Lineage:
    """The lineage that was answered."""
    jobs = {
        job.node: Job(job.name, job.kind, [Attempt(**each.model_dump(exclude=_VERSION)) for each in job.attempts])
        for job in answer.jobs
    }
    for each in answer.datasets:
        dataset = Dataset(each.namespace, each.name, each.snapshot_id or "", each.hash or "")
        for node in each.given_by:
            jobs[node].gives.add(dataset)
        for node in each.taken_by:
            jobs[node].takes.add(dataset)
    edges = frozenset((edge.source, edge.target) for edge in answer.edges)
    return Lineage(answer.run, answer.namespace, jobs, edges)
