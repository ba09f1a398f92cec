"""What a program declares, recorded offline: Pulumi's own mocks take the place of the engine and of every provider."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import logging
import multiprocessing
import pickle
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, NoReturn

import pulumi
from google.protobuf import json_format
from pulumi.runtime import mocks as pulumi_mocks
from pulumi.runtime.proto import resource_pb2
from pulumi.runtime.settings import get_root_resource
from pulumi.runtime.stack import Stack, run_pulumi_func

from quantos.charts.documents import Document, Grant, Json, Recorded, Release, mapping, named, text
from quantos.environment.conventions import POSTGRES_PORT
from quantos.errors import ChartsError, QuantosError
from quantos.translation import Vendor, translated

logger = logging.getLogger(__name__)

Program = Callable[[], None]

NOT_RECORDED: Final = "not-recorded"
"""Stands for every secret text; 0 does for a secret number."""

_NOT_RECORDED_BYTES: Final = "bm90LXJlY29yZGVk"
_SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
_SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105  a mark of the wire
_RELEASE: Final = "kubernetes:helm.sh/v3:Release"
_ASSOCIATION: Final = "aws:eks/podIdentityAssociation:PodIdentityAssociation"
_POLICY: Final = "aws:iam/rolePolicy:RolePolicy"
_REFERENCE: Final = "pulumi:pulumi:StackReference"
_OPAQUE: Final = ("kubernetes:helm.sh/", "kubernetes:yaml", "kubernetes:kustomize")
_PROCESSES: Final = Vendor(raises=(BrokenExecutor, pickle.PicklingError, AttributeError, OSError))
"""A process that died, or that could not be given a program: pickling a function of no module is an AttributeError."""
_FIRST: Final = ("Namespace", "CustomResourceDefinition", "ConstraintTemplate")
_HASH_LENGTH: Final = 8


@dataclass(frozen=True, kw_only=True)
class ProgramTarget:
    """Whose program is recorded: project and stack, and the account it would live in."""

    project: str
    stack: str
    account_id: str
    region: str
    domain: str


def recorded(program: Program, place: ProgramTarget, *, below: Mapping[str, Program]) -> Recorded:
    """Run a program and give what it installs on Kubernetes, what others need first; secrets are left out.

    Outputs of the stacks `below`, by qualified name, are those which their programs export: as far as inputs tell them
    as they would be, else values of the right shape (`plausible_output`). Each program runs in a process of its own,
    because Pulumi's runtime is one per process, and so must be picklable: a function of a module, or a
    `functools.partial` of one.

    Raises:
        ChartsError: the program failed, or declares what cannot be recorded.
    """
    fresh = _fresh_processes([program, *below.values()])
    with (
        translated(
            _PROCESSES,
            into=ChartsError,
            what=f"{place.stack} cannot be recorded",
            remedy="give programs that a fresh process can import, and see that memory is left for them",
        ),
        ProcessPoolExecutor(max_workers=len(below) + 1, mp_context=fresh, max_tasks_per_child=1) as processes,
    ):
        asked = {name: processes.submit(_exports, each, _stack_of(place, name)) for name, each in below.items()}
        references = {name: outputs.result() for name, outputs in asked.items()}
        outcome = processes.submit(_outcome, program, place, references).result()
    if isinstance(outcome, Recorded):
        return outcome
    raise ChartsError(outcome, remedy="correct the program, or take what it misses from the environment file")


def _fresh_processes(programs: Iterable[Program]) -> multiprocessing.context.BaseContext:
    """Processes forked from one that has imported what the programs import, and run nothing."""
    functions = [each.func if isinstance(each, partial) else each for each in programs]
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["__main__", __name__, *sorted({each.__module__ for each in functions})])
    return context


def plausible_output(name: str, place: ProgramTarget) -> str | int:
    """A value for an output that only AWS knows, of the shape that the end of its name tells; never a real thing."""
    word = name.replace("_", "-")
    shapes: dict[str, str | int] = {
        "_arn": f"arn:aws:{word.partition('-')[0]}:{place.region}:{place.account_id}:{word}",
        "_brokers": f"b-1.{place.project}.kafka.{place.region}.amazonaws.com:9098",
        "cluster_endpoint": f"https://{word}.{place.domain}",
        "_endpoint": f"{word}.{place.domain}",
        "_host": f"{word}.{place.domain}",
        "_address": f"{word}.{place.domain}",
        "_port": POSTGRES_PORT,
        "_authority": _NOT_RECORDED_BYTES,
        "_url": f"{place.account_id}.dkr.ecr.{place.region}.amazonaws.com/{word}",
        "_id": f"{word}-00000000",
    }
    return next((value for ending, value in shapes.items() if name.endswith(ending)), f"{place.stack}-{word}")


def _stack_of(place: ProgramTarget, qualified_name: str) -> ProgramTarget:
    return replace(place, stack=qualified_name.rpartition("/")[2])


def _outcome(program: Program, place: ProgramTarget, references: dict[str, Document]) -> Recorded | str:
    """What was recorded, or why nothing was: errors of a program need not survive the way between processes."""
    monitor = _Monitor(place, references)
    try:
        _run(program, monitor, place)
    except QuantosError as error:
        return f"{place.stack} cannot be recorded: {error.what}; {error.remedy}"
    except Exception as error:
        cause = str(error).strip().rpartition("\n")[2]
        return f"{place.stack} cannot be recorded: {type(error).__name__}: {cause}"
    return Recorded(
        releases=tuple(sorted(monitor.releases, key=lambda each: (each.namespace, each.name))),
        objects=tuple(sorted(monitor.objects, key=_order)),
        grants=tuple(sorted(monitor.grants(), key=lambda each: (each.namespace, each.account))),
    )


def _run(program: Program, monitor: _Monitor, place: ProgramTarget) -> None:
    logging.getLogger("asyncio").disabled = True
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    pulumi_mocks.set_mocks(monitor.mocks, project=place.project, stack=place.stack, preview=False, monitor=monitor)
    loop.run_until_complete(run_pulumi_func(program))


def _exports(program: Program, place: ProgramTarget) -> Document:
    """Outputs of a program, a plausible value for each that its inputs do not tell.

    Names are exported while the program is read; what fails later, because a provider's answer is missing, only leaves
    values unknown.
    """
    monitor = _Monitor(place, {})
    try:
        _run(program, monitor, place)
    except Exception:
        logger.debug("%s has outputs that nobody knows offline", place.stack)
    root = get_root_resource()
    outputs: Mapping[str, object] = root.outputs if isinstance(root, Stack) else {}
    return {name: _known(name, value, place) for name, value in outputs.items()}


def _known(name: str, value: object, place: ProgramTarget) -> Json:
    if isinstance(value, Mapping):
        return {str(key): _known(f"{key}_{name}", part, place) for key, part in value.items()}
    output: Json = None
    with contextlib.suppress(Exception):
        resolved = asyncio.get_event_loop().run_until_complete(pulumi.Output.from_input(value).future())
        output = json.loads(json.dumps(resolved))
    return plausible_output(name, place) if output is None else output


def _order(manifest: Document) -> tuple[int, str, str, str]:
    """What others need comes first."""
    kind = text(manifest.get("kind"))
    rank = _FIRST.index(kind) if kind in _FIRST else len(_FIRST)
    return rank, named(manifest, "namespace"), kind, named(manifest, "name")


class _Resources(pulumi_mocks.Mocks):
    """Outputs of a resource: its inputs, and identifiers of the right shape."""

    def __init__(self, place: ProgramTarget, references: Mapping[str, Document]) -> None:
        self._place = place
        self._references = references

    def new_resource(self, args: pulumi_mocks.MockResourceArgs) -> tuple[str, dict[str, object]]:
        inputs: dict[str, object] = dict(args.inputs)
        if args.typ == _REFERENCE:
            name = str(inputs["name"])
            return name, {**inputs, "outputs": self._referred(name), "secretOutputNames": []}
        if args.typ.startswith("kubernetes:"):
            return _kubernetes_outputs(args.name, inputs)
        if args.typ.startswith("aws:"):
            return _aws_outputs(args, inputs, place=self._place)
        return f"{args.name}-id", inputs

    def call(self, args: pulumi_mocks.MockCallArgs) -> NoReturn:
        raise ChartsError(
            f"the program asks for {args.token}, which nobody can answer offline",
            remedy="take the value from the environment file or from an output of a layer below",
        )

    def _referred(self, name: str) -> Document:
        if name not in self._references:
            raise ChartsError(f"the outputs of {name} are not known offline", remedy="refer to a layer below")
        return self._references[name]


class _Monitor(pulumi_mocks.MockMonitor):
    """Keeps what is declared for Kubernetes, as it is on the wire: there it shows which values are secret."""

    def __init__(self, place: ProgramTarget, references: Mapping[str, Document]) -> None:
        super().__init__(_Resources(place, references))
        self.releases: list[Release] = []
        self.objects: list[Document] = []
        self._accounts: list[Document] = []
        self._policies: dict[str, list[str]] = {}

    def RegisterResource(  # noqa: N802  named by the protocol
        self, request: resource_pb2.RegisterResourceRequest
    ) -> resource_pb2.RegisterResourceResponse:
        """Record, then answer as Pulumi's mocks do."""
        if request.custom and request.type.startswith("kubernetes:"):
            given = json_format.MessageToDict(request.object)
            self._keep(request.type, request.name, _bare(given, nothing=request.type == _RELEASE))
        elif request.type.startswith(_OPAQUE):
            raise ChartsError(
                f"{request.name} is a {request.type}, whose objects only its provider knows",
                remedy="declare a helm.v3.Release, or the objects themselves",
            )
        elif request.type in {_ASSOCIATION, _POLICY}:
            self._keep_grant(request.type, _bare(json_format.MessageToDict(request.object)))
        return super().RegisterResource(request)

    def _keep_grant(self, token: str, inputs: Json) -> None:
        given = mapping(inputs)
        if token == _ASSOCIATION:
            self._accounts.append(given)
        else:
            self._policies.setdefault(text(given.get("role")), []).append(text(given.get("policy")))

    def grants(self) -> Iterator[Grant]:
        """What roles let the pods do that take them."""
        for each in self._accounts:
            role = text(each.get("roleArn")).rpartition("/")[2]
            yield Grant(
                namespace=text(each.get("namespace")),
                account=text(each.get("serviceAccount")),
                actions=frozenset(action for policy in self._policies.get(role, ()) for action in _actions(policy)),
            )

    def _keep(self, token: str, name: str, inputs: Json) -> None:
        given = mapping(inputs)
        if token == _RELEASE:
            self.releases.append(_release(name, given))
            return
        metadata = {"name": _own_name(name), **mapping(given.get("metadata"))}
        self.objects.append(_without_secrets({**given, "metadata": metadata}))


def _actions(policy: str) -> Iterator[str]:
    """Actions that a policy allows."""
    document: Json = json.loads(policy) if policy else {}
    statements = mapping(document).get("Statement")
    for each in statements if isinstance(statements, list) else [statements]:
        given = mapping(each).get("Action")
        if mapping(each).get("Effect") == "Allow":
            yield from (text(action) for action in (given if isinstance(given, list) else [given]))


def _release(name: str, inputs: Document) -> Release:
    chart, repository = text(inputs.get("chart")), text(mapping(inputs.get("repositoryOpts")).get("repo"))
    if chart.startswith("oci://"):
        repository, _, chart = chart.rpartition("/")
    return Release(
        chart=chart,
        version=text(inputs.get("version")),
        repository=repository,
        name=text(inputs.get("name")) or _own_name(name),
        namespace=text(inputs.get("namespace")),
        values=mapping(inputs.get("values")),
    )


def _own_name(name: str) -> str:
    """Where the program gives no name: as Pulumi makes one, but the same each time."""
    return f"{name}-{hashlib.sha256(name.encode()).hexdigest()[:_HASH_LENGTH]}"


def _bare(value: Json, *, hidden: bool = False, nothing: bool = False) -> Json:
    """A value off the wire: secret texts replaced, whole numbers whole. None stays where it is `nothing` to a chart."""
    if isinstance(value, list):
        return [_bare(part, hidden=hidden, nothing=nothing) for part in value]
    if isinstance(value, dict):
        if value.get(_SIGNATURE) == _SECRET:
            return _bare(value.get("value"), hidden=True, nothing=nothing)
        given = {key: part for key, part in value.items() if nothing or part is not None}
        return {key: _bare(part, hidden=hidden, nothing=nothing) for key, part in given.items()}
    if isinstance(value, float):
        value = int(value) if int(value) == value else value
    if hidden and isinstance(value, int | float) and not isinstance(value, bool):
        return 0
    return NOT_RECORDED if hidden and isinstance(value, str) else value


def _without_secrets(manifest: Document) -> Document:
    if manifest.get("kind") != "Secret" or manifest.get("apiVersion") != "v1":
        return manifest
    hidden = {"data": _NOT_RECORDED_BYTES, "stringData": NOT_RECORDED}
    return {key: dict.fromkeys(mapping(part), hidden[key]) if key in hidden else part for key, part in manifest.items()}


def _kubernetes_outputs(name: str, inputs: dict[str, object]) -> tuple[str, dict[str, object]]:
    metadata: object = inputs.get("metadata") or {}
    if "chart" in inputs:
        release = {"name": inputs.get("name") or _own_name(name), "namespace": inputs.get("namespace")}
        status = {**release, "status": "deployed", "revision": 1, "version": inputs.get("version")}
        return f"{release['namespace']}/{release['name']}", {**inputs, **release, "status": status}
    known = {"name": _own_name(name), **(metadata if isinstance(metadata, dict) else {})}
    identity = named({"metadata": known}, "namespace"), named({"metadata": known}, "name")
    return "/".join(part for part in identity if part), {**inputs, "metadata": known}


def _aws_outputs(
    args: pulumi_mocks.MockResourceArgs, inputs: dict[str, object], *, place: ProgramTarget
) -> tuple[str, dict[str, object]]:
    service, _, kind = args.typ.removeprefix("aws:").partition("/")
    kind = kind.rpartition(":")[2]
    name = str(inputs.get("name") or inputs.get("bucket") or args.name)
    region = "" if service == "iam" else place.region
    shown = kind[:1].lower() + kind[1:]
    arn = f"arn:aws:{service}:{region}:{place.account_id}:{shown}/{name}"
    return name, {"name": name, "arn": arn, **inputs}
