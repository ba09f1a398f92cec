"""Lineage in the artifacts bucket: `lineage/<team>/<submission>/<run>/<node>/<attempt>.<type>.json`, each put once."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from openlineage.client.event_v2 import RunEvent
from openlineage.client.serde import Serde

from quantos.adapters.aws import AWS
from quantos.adapters.s3 import put_once
from quantos.errors import OrchestrationError
from quantos.orchestration.lineage.facets import event_type
from quantos.orchestration.protocol.rows import AttemptKey, RunKey
from quantos.translation import translated

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_REMEDY: Final = "Check that the foundation layer is up and that this role may use the artifacts bucket."


@dataclass(frozen=True)
class S3Lineage:
    """A LineageStore."""

    client: "S3Client"
    bucket: str

    def put(self, attempt: AttemptKey, event: RunEvent) -> bool:
        """Keep an event unless there is one of its type, and say whether it was kept. Raises OrchestrationError."""
        key = f"lineage/{attempt}.{event_type(event)}.json"
        with self._trying_to("write", key):
            return put_once(self.client, self.bucket, key=key, content=Serde.to_json(event).encode())

    def events(self, run: RunKey) -> list[bytes]:
        """All events of a run as JSON, in order of node, attempt and type. Raises OrchestrationError."""
        prefix = f"lineage/{run}/"
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        with self._trying_to("list", prefix):
            keys = [item["Key"] for page in pages for item in page.get("Contents", [])]
        return [self._read(key) for key in keys]

    def _read(self, key: str) -> bytes:
        with self._trying_to("read", key):
            return self.client.get_object(Bucket=self.bucket, Key=key)["Body"].read()

    def _trying_to(self, verb: str, key: str) -> AbstractContextManager[None]:
        what = f"could not {verb} s3://{self.bucket}/{key}"
        return translated(AWS, into=OrchestrationError, what=what, remedy=_REMEDY)
