"""Lineage in the artifacts bucket: `lineage/<team>/<submission>/<run>/<node>/<attempt>.<type>.json`, each put once."""

from dataclasses import dataclass

from openlineage.client.event_v2 import RunEvent
from openlineage.client.serde import Serde

from quantos.errors import OrchestrationError
from quantos.orchestration.adapters.s3_objects import S3Objects
from quantos.orchestration.lineage.facets import event_type
from quantos.orchestration.protocol.rows import AttemptKey, RunKey


@dataclass(frozen=True)
class S3Lineage:
    """A LineageStore."""

    objects: S3Objects

    def put(self, attempt: AttemptKey, event: RunEvent) -> bool:
        """Keep an event unless there is one of its type, and say whether it was kept. Raises OrchestrationError."""
        return self.objects.put_once(f"lineage/{attempt}.{event_type(event)}.json", Serde.to_json(event).encode())

    def events(self, run: RunKey) -> list[bytes]:
        """All events of a run as JSON, in order of node, attempt and type. Raises OrchestrationError."""
        return [self._read(key) for key in self.objects.keys(f"lineage/{run}/")]

    def _read(self, key: str) -> bytes:
        content = self.objects.read(key)
        if content is None:
            raise OrchestrationError(
                f"s3://{self.objects.bucket}/{key} was listed and is gone", remedy="restore its earlier version"
            )
        return content
