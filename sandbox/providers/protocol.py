"""The provider protocol of the installed Pulumi SDK, without the SDK around it.

`import pulumi` takes 0.4 s and a provider plugin starts with every engine operation, so the packages above the
generated protobuf modules are entered without running their initialisers. The stand-ins for AWS and Kubernetes use
this; a plugin which runs components needs the SDK itself and must not import this module.
"""

from __future__ import annotations

import importlib.machinery
import sys
import types
from typing import TYPE_CHECKING

from sandbox.errors import SandboxError

if TYPE_CHECKING:
    from pulumi.runtime.proto import (
        engine_pb2,
        engine_pb2_grpc,
        plugin_pb2,
        provider_pb2,
        provider_pb2_grpc,
        resource_pb2,
        resource_pb2_grpc,
    )


def _bare_packages() -> None:
    spec = importlib.machinery.PathFinder.find_spec("pulumi")
    if spec is None or spec.submodule_search_locations is None:
        raise SandboxError("the Pulumi SDK is not installed", remedy="run `uv sync`")
    path = list(spec.submodule_search_locations)
    for name in ("pulumi", "pulumi.runtime", "pulumi.runtime.proto"):
        if name not in sys.modules:
            package = types.ModuleType(name)
            package.__path__ = path
            sys.modules[name] = package
        path = [f"{path[0]}/{'runtime' if name == 'pulumi' else 'proto'}"]


if not TYPE_CHECKING:
    _bare_packages()
    from pulumi.runtime.proto import (
        engine_pb2,
        engine_pb2_grpc,
        plugin_pb2,
        provider_pb2,
        provider_pb2_grpc,
        resource_pb2,
        resource_pb2_grpc,
    )

__all__ = [
    "engine_pb2",
    "engine_pb2_grpc",
    "plugin_pb2",
    "provider_pb2",
    "provider_pb2_grpc",
    "resource_pb2",
    "resource_pb2_grpc",
]
