"""`pulumi-resource-kubernetes`, as the engine starts it."""

from __future__ import annotations

import sys

import grpc

from sandbox.providers.kubernetes.engine_log import EngineLog
from sandbox.providers.kubernetes.servicer import KubernetesProvider, KubernetesSchemas
from sandbox.providers.plugin import serve
from sandbox.providers.protocol import provider_pb2_grpc


def _register(server: grpc.Server) -> None:
    log = EngineLog(sys.argv[-1] if len(sys.argv) > 1 else "")
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(KubernetesProvider(KubernetesSchemas(), log), server)


if __name__ == "__main__":
    serve(_register)
