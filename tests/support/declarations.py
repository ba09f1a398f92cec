"""What the platform layer declares, recorded by Pulumi's own mocks, dependencies included."""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from multiprocessing import get_context
from typing import Any, NoReturn

from google.protobuf import json_format
from pulumi.runtime import mocks, set_mocks
from pulumi.runtime.proto import resource_pb2
from pulumi.runtime.stack import run_pulumi_func

from quantos.catalog.catalog import load_catalog
from quantos.environment.load import load_environment
from quantos.environment.settings.environment import EnvironmentSettings
from stacks import platform_services
from tests.support.environments import ENVIRONMENTS

REFERENCE = "pulumi:pulumi:StackReference"


@dataclass(frozen=True, kw_only=True)
class Declaration:
    """A resource as the engine would be told of it; `urn`, `parent` and `dependencies` are URNs."""

    urn: str
    parent: str
    provider: str
    type: str
    name: str
    inputs: Mapping[str, Any]
    dependencies: frozenset[str]


def _declarations(program: Callable[[], None], *, outputs: Mapping[str, object]) -> list[Declaration]:
    """Run a program and give all that it declares; every stack that it refers to has `outputs`."""
    answers = _Answers(outputs)
    monitor = _Monitor(answers)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    set_mocks(answers, project="quantos", stack="test", preview=False, monitor=monitor)
    loop.run_until_complete(run_pulumi_func(program))
    return monitor.declared


@dataclass(frozen=True, kw_only=True)
class Layer:
    """The platform layer of a committed environment."""

    settings: EnvironmentSettings
    declared: tuple[Declaration, ...]

    def the(self, kind: str, name: str, *, namespace: str | None = None) -> Declaration:
        """The one object of a kind and name of its own, where that is not enough in a namespace."""
        (only,) = (
            each
            for each in self.declared
            if each.inputs.get("kind") == kind
            and each.inputs["metadata"]["name"] == name
            and namespace in {None, each.inputs["metadata"].get("namespace")}
        )
        return only

    def before(self, declaration: Declaration) -> set[str]:
        """URNs of all that is there first: what it, or a component that it is part of, depends on, and so on."""
        by_urn = {each.urn: each for each in self.declared}
        first: set[str] = set()
        waiting = [declaration.urn]
        while waiting:
            each = by_urn.get(waiting.pop())
            if each is not None:
                beside = {*each.dependencies, each.parent} - first
                first |= beside
                waiting += beside
        return first


@cache
def platform_layer(environment: str) -> Layer:
    """What the platform layer of an environment declares, by whose files it was asked for."""
    with ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn")) as process:
        return process.submit(_layer, environment).result()


def _layer(environment: str) -> Layer:
    """In a process of its own: mocks stay for as long as Pulumi's runtime, which is one per process."""
    settings = load_environment(environment, root=ENVIRONMENTS, catalog=load_catalog())
    program = partial(platform_services.program, settings)
    return Layer(settings=settings, declared=tuple(_declarations(program, outputs=_outputs(settings))))


def _outputs(settings: EnvironmentSettings) -> dict[str, object]:
    """Outputs of the layers below, each a text that says which it is."""
    names = (
        "cluster_certificate_authority", "cluster_endpoint", "data_key_arn", "database_endpoint",
        "database_master_secret_arn", "database_resource_id", "artifacts_bucket", "msk_bootstrap_brokers",
        "msk_cluster_arn", "vpc_id",
    )  # fmt: skip
    return {
        **{name: f"the-{name}" for name in names},
        "scaling_groups": {pool: f"eks-{pool}" for pool in settings.pools},
    }


class _Answers(mocks.Mocks):
    """A resource's outputs are its inputs."""

    def __init__(self, outputs: Mapping[str, object]) -> None:
        self._outputs = dict(outputs)

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        inputs = dict(args.inputs)
        if args.typ == REFERENCE:
            return str(inputs["name"]), {**inputs, "outputs": self._outputs, "secretOutputNames": []}
        metadata = {"name": args.name, **inputs.get("metadata", {})}
        return f"{args.name}-id", {
            "arn": f"arn:aws:test:::{args.name}",
            "name": args.name,
            **inputs,
            "metadata": metadata,
        }

    def call(self, args: mocks.MockCallArgs) -> NoReturn:
        raise AssertionError(f"the program asks for {args.token}")


class _Monitor(mocks.MockMonitor):
    def __init__(self, answers: mocks.Mocks) -> None:
        super().__init__(answers)
        self.declared: list[Declaration] = []

    def RegisterResource(  # noqa: N802  named by the protocol
        self, request: resource_pb2.RegisterResourceRequest
    ) -> resource_pb2.RegisterResourceResponse:
        answer = super().RegisterResource(request)
        self.declared.append(
            Declaration(
                urn=answer.urn,
                parent=request.parent,
                provider=request.provider,
                type=request.type,
                name=request.name,
                inputs=json_format.MessageToDict(request.object),
                dependencies=frozenset(request.dependencies),
            )
        )
        return answer
