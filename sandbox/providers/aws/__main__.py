"""`pulumi-resource-aws`, as the engine starts it."""

from __future__ import annotations

import threading

import grpc

from sandbox.providers.aws.servicer import AwsProvider
from sandbox.providers.plugin import serve
from sandbox.providers.protocol import provider_pb2_grpc
from sandbox.providers.schema import SdkSchemas


def _warm() -> None:
    import botocore.session  # noqa: F401, PLC0415  imported beside the engine's first requests


def _register(server: grpc.Server) -> None:
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(AwsProvider(SdkSchemas("pulumi_aws")), server)
    threading.Thread(target=_warm, daemon=True).start()


if __name__ == "__main__":
    serve(_register)
