"""DAGs written in Python: decorated functions that come to exactly what a file would state.

    @task("trino_sql", params={"sql_uri": "s3://queries/fetch.sql"}, outs=["dataset_uri"])
    def fetch_data(): ...

    @task("python_task", image="ghcr.io/team/features:1.2.3", outs=["feature_table"])
    def compute_features(dataset_uri): ...

    @pipeline("features_v1", slo=Slo(max_runtime="2h"))
    def features():
        compute_features(fetch_data().dataset_uri)

`features.dag` is the DagSpec, `features.to_yaml()` its file. A function that is a task only says what its node is
called and how many inputs it takes; what runs is in its image. Calls within a pipeline become nodes, in the order of
the calls, and what is handed from one to another becomes `ins` and edges.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import Final

import yaml
from pydantic import JsonValue

from quantos.contracts.dag.spec import DagSpec, JobClass, Requests, Slo
from quantos.documents.suggestion import suggestion
from quantos.errors import SettingsError
from quantos.orchestration.spec.reading import read_dag

_REMEDY: Final = "correct the program that states the pipeline"
_NOTHING: Final[Mapping[str, JsonValue]] = {}


@dataclass(frozen=True)
class Output:
    """What a node gives under a name."""

    node: str
    name: str


@dataclass(frozen=True)
class Outputs:
    """What a node gives: each output is an attribute."""

    node: str
    names: tuple[str, ...]

    def __getattr__(self, name: str) -> Output:
        if name in self.names:
            return Output(self.node, name)
        raise AttributeError(f"{self.node} gives no {name}{suggestion(name, self.names)}")


@dataclass(frozen=True)
class _Statement:
    """What has been stated of a pipeline so far, as a file would have it."""

    nodes: list[dict[str, JsonValue]] = field(default_factory=list)
    edges: list[dict[str, JsonValue]] = field(default_factory=list)

    def run_before(self, source: str, target: str) -> None:
        """State that one runs before another, once."""
        edge: dict[str, JsonValue] = {"from": source, "to": target}
        if edge not in self.edges:
            self.edges.append(edge)


_STATEMENT: ContextVar[_Statement | None] = ContextVar("statement", default=None)


@dataclass(frozen=True, kw_only=True)
class Task:
    """A node that pipelines may have; `fields` are those of the node beside id and ins."""

    id: str
    inputs: tuple[str, ...]
    outs: tuple[str, ...]
    fields: Mapping[str, JsonValue]

    def named(
        self, node: str, *, outs: Sequence[str] | None = None, params: Mapping[str, JsonValue] | None = None
    ) -> "Task":
        """The same under another id, and other outs or params where given: a pipeline has each id and output once."""
        fields = self.fields if params is None else {**self.fields, "params": dict(params)}
        return replace(self, id=node, outs=self.outs if outs is None else tuple(outs), fields=fields)

    def __call__(self, *inputs: Output, after: Sequence[Outputs] = ()) -> Outputs:
        """State the node within a pipeline: it takes these, and runs after what gives them and after `after`.

        Raises:
            SettingsError: it is called outside of a pipeline, or with more or fewer inputs than its function takes.
        """
        statement = _STATEMENT.get()
        if statement is None:
            raise SettingsError(f"task {self.id} is called outside of a pipeline", remedy=_REMEDY)
        if len(inputs) != len(self.inputs):
            takes = f"{len(self.inputs)} inputs ({', '.join(self.inputs)})"
            raise SettingsError(f"task {self.id} takes {takes}, and is given {len(inputs)}", remedy=_REMEDY)
        stated: dict[str, JsonValue] = {"id": self.id, **self.fields}
        if inputs:
            stated["ins"] = [each.name for each in inputs]
        if self.outs:
            stated["outs"] = list(self.outs)
        statement.nodes.append(stated)
        for source in (*(each.node for each in inputs), *(each.node for each in after)):
            statement.run_before(source, self.id)
        return Outputs(self.id, self.outs)


@dataclass(frozen=True)
class Pipeline:
    """A DAG that was stated in Python."""

    dag: DagSpec

    def to_yaml(self) -> str:
        """The file that states the same."""
        stated = self.dag.model_dump(mode="json", by_alias=True, exclude_unset=True)
        return _yaml(stated)


def task(
    kind: str,
    *,
    outs: Sequence[str] = (),
    image: str | None = None,
    params: Mapping[str, JsonValue] = _NOTHING,
    env: Mapping[str, str] | None = None,
    resources: Requests | None = None,
) -> Callable[[Callable[..., None]], Task]:
    """A function as a task: its name is the node's id, its parameters are what it takes. The body is never run."""
    fields: dict[str, JsonValue] = {"kind": kind}
    if image is not None:
        fields["image"] = image
    if params:
        fields["params"] = dict(params)
    if env:
        fields["env"] = dict(env)
    if resources is not None:
        fields["resources"] = resources.model_dump(mode="json", exclude_unset=True)

    def stated(function: Callable[..., None]) -> Task:
        inputs = tuple(inspect.signature(function).parameters)
        return Task(id=function.__name__, inputs=inputs, outs=tuple(outs), fields=fields)

    return stated


def pipeline(
    pipeline_id: str, *, slo: Slo, default: Requests | None = None, job_class: JobClass | None = None
) -> Callable[[Callable[[], object]], Pipeline]:
    """A function as a pipeline: it is run once, and its calls of tasks are the nodes.

    Raises:
        SettingsError: anything is wrong with what was stated, as with a file.
    """

    def stated(function: Callable[[], object]) -> Pipeline:
        statement = _Statement()
        token = _STATEMENT.set(statement)
        try:
            function()
        finally:
            _STATEMENT.reset(token)
        document: dict[str, JsonValue] = {"version": 1, "pipeline_id": pipeline_id}
        if job_class is not None:
            document["job_class"] = job_class
        document["slo"] = slo.model_dump(mode="json", exclude_unset=True)
        if default is not None:
            document["resources"] = {"default": default.model_dump(mode="json", exclude_unset=True)}
        document |= {"nodes": [*statement.nodes], "edges": [*statement.edges]}
        return Pipeline(read_dag(_yaml(document).encode(), shown=f"pipeline {pipeline_id}"))

    return stated


class _WithoutAliases(yaml.SafeDumper):
    """Writes every value out where it stands."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002  PyYAML asks it of each value
        return True


def _yaml(document: Mapping[str, JsonValue]) -> str:
    return yaml.dump(document, Dumper=_WithoutAliases, sort_keys=False, allow_unicode=True)
