"""A DAG as people and compilers state it: nodes, what they take and give, in which order, and on what terms."""

import fnmatch
import math
from collections.abc import Iterator, Mapping
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, JsonValue, model_validator

from quantos.contracts.base import canonical_digest, version_number
from quantos.contracts.dag import graph
from quantos.contracts.dag.values import Cores, Duration, Image, Memory, NodeId, OutputName, PipelineId
from quantos.documents.cross_field import refuse_all
from quantos.faults import FaultPath

MOST_NODES: Final = 2_000
MOST_EDGES: Final = 10 * MOST_NODES
MOST_PORTS: Final = 256
"""Inputs, outputs and variables of a node, each."""
MOST_BYTES: Final = 512 * 1024
MOST_GPUS: Final = 64
MOST_ATTEMPTS: Final = 10
MOST_VARIABLE: Final = 32 * 1024
RESERVED_VARIABLES: Final = ("AWS_*", "QUANTOS_*", "TRACEPARENT", "LD_*")
"""Variables that the platform sets, or that change what a program is."""

Priority = Literal["low", "normal", "high"]
Qos = Literal["spot_ok", "on_demand"]
JobClass = Literal["backtest", "train", "inference", "feature"]
ONLY_NAMED: Final = Field(json_schema_extra={"additionalProperties": False})
"""Of a mapping: the schema says as well that there are no keys but those of its pattern."""
VariableName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,127}$")]
VariableValue = Annotated[str, Field(max_length=MOST_VARIABLE, pattern="^[^\\u0000]*$")]
"""No process takes a NUL."""


Ports = Annotated[tuple[OutputName, ...], Field(max_length=MOST_PORTS)]


class Closed(BaseModel):
    """Frozen, and without any key that is not its own."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Retry(Closed):
    """How often each node is tried, and how long to wait before it is tried again, doubled each time."""

    max_attempts: int = Field(default=1, ge=1, le=MOST_ATTEMPTS)
    backoff_sec: int = Field(default=30, ge=0, le=3600)


class Slo(Closed):
    """On what terms a DAG runs. `max_runtime` counts the time in which a node runs, and no waiting."""

    max_runtime: Duration
    retry: Retry = Retry()
    priority: Priority = "normal"
    qos: Qos = "on_demand"


class Requests(Closed):
    """What a node asks for; what is left out is the DAG's default."""

    cpu: Cores | None = None
    mem: Memory | None = None
    gpu: int | None = Field(default=None, ge=0, le=MOST_GPUS)

    def over(self, default: Self) -> Self:
        """These, with what is left out taken from `default`."""
        return default.model_copy(update=self.model_dump(exclude_none=True))


class Resources(Closed):
    """What each node asks for that says nothing else."""

    default: Requests = Requests(cpu="1", mem="2Gi", gpu=0)


class Node(Closed):
    """One step: a program of a kind, what it takes and gives."""

    id: NodeId
    kind: str = Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")
    image: Image | None = None
    params: dict[str, JsonValue] = {}
    env: Annotated[dict[VariableName, VariableValue], Field(max_length=MOST_PORTS), ONLY_NAMED] = {}
    resources: Requests = Requests()
    ins: Ports = ()
    outs: Ports = ()

    @model_validator(mode="after")
    def _values_can_be_given(self) -> Self:
        refuse_all(_reserved(self.env), _not_finite(("params",), self.params))
        return self


class Edge(Closed):
    """`to` starts once `from` has succeeded."""

    model_config = ConfigDict(frozen=True, extra="forbid", serialize_by_alias=True)

    source: str = Field(alias="from")
    target: str = Field(alias="to")


class DagSpec(Closed):
    """A DAG in its first version; `job_class` is derived where it is not stated."""

    version: Annotated[Literal[1], BeforeValidator(version_number)]
    pipeline_id: PipelineId
    job_class: JobClass | None = None
    slo: Slo
    resources: Resources = Resources()
    nodes: Annotated[tuple[Node, ...], Field(min_length=1, max_length=MOST_NODES)]
    edges: Annotated[tuple[Edge, ...], Field(max_length=MOST_EDGES)] = ()

    @model_validator(mode="after")
    def _graph_holds(self) -> Self:
        nodes = [(number, node) for number, node in enumerate(self.nodes) if hasattr(node, "id")]
        edges = [(n, edge) for n, edge in enumerate(self.edges) if hasattr(edge, "source") and hasattr(edge, "target")]
        ids = [node.id for _, node in nodes]
        arrows = {(edge.source, edge.target): number for number, edge in reversed(edges)}
        shape = graph.graph_of(ids, arrows)
        ports = [graph.Ports(n, node.id, getattr(node, "ins", ()), getattr(node, "outs", ())) for n, node in nodes]
        outs = [(("nodes", port.place, "outs", n), name) for port in ports for n, name in enumerate(port.outs)]
        refuse_all(
            graph.repeated(((("nodes", n, "id"), node.id) for n, node in nodes), what="node"),
            graph.repeated(outs, what="output"),
            graph.dangling(((("edges", n, "from"), edge.source) for n, edge in edges), ids),
            graph.dangling(((("edges", n, "to"), edge.target) for n, edge in edges), ids),
            graph.repeated(((("edges", n), f"{e.source} -> {e.target}") for n, e in edges), what="edge"),
            graph.cycles(shape, arrows),
            graph.unfed(shape, ports),
        )
        return self

    def requests(self, node: Node) -> Requests:
        """What a node asks for, the DAG's defaults and the platform's filled in."""
        return node.resources.over(self.resources.default).over(Resources().default)

    def digest(self) -> str:
        """SHA-256 in hex of what is stated: defaults that a later version changes change no digest."""
        return canonical_digest(self.model_dump(mode="json", by_alias=True, exclude_unset=True))


def _reserved(env: Mapping[str, str]) -> Iterator[graph.PathFault]:
    for name in env:
        if pattern := next((each for each in RESERVED_VARIABLES if fnmatch.fnmatchcase(name, each)), None):
            yield ("env", name), f"is reserved: the platform sets {pattern} itself"


def _not_finite(path: FaultPath, value: JsonValue) -> Iterator[graph.PathFault]:
    if isinstance(value, float) and not math.isfinite(value):
        yield path, "is no number that JSON has: write one that a float of 64 bits holds"
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _not_finite((*path, key), inner)
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from _not_finite((*path, place), inner)
