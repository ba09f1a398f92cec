"""Logs in the artifacts bucket: `workspaces/<attempt>/log/<part, six digits>.txt`, then `log/end.json`."""

import json
from dataclasses import dataclass

from quantos.errors import OrchestrationError
from quantos.orchestration.adapters.s3_objects import S3Objects
from quantos.orchestration.logs.ports import LogEnd
from quantos.orchestration.protocol.rows import AttemptKey


@dataclass(frozen=True)
class S3Logs:
    """A LogArchive."""

    objects: S3Objects

    def part(self, attempt: AttemptKey, number: int) -> bytes | None:
        """A part; None where it is not there. Raises OrchestrationError."""
        return self.objects.read(part_key(attempt, number))

    def end(self, attempt: AttemptKey) -> LogEnd | None:
        """The end; None where it is not there yet. Raises OrchestrationError."""
        key = end_key(attempt)
        content = self.objects.read(key)
        if content is None:
            return None
        try:
            document = json.loads(content)
            return LogEnd(end=str(document["end"]), parts=int(document["parts"]))
        except (ValueError, KeyError, TypeError) as exc:
            raise OrchestrationError(
                f"s3://{self.objects.bucket}/{key} is not the end of a log: {exc}",
                remedy="only the executor writes it, as {end, parts}",
            ) from exc


def part_key(attempt: AttemptKey | str, number: int) -> str:
    """Where a part is kept, counted from 0."""
    return f"workspaces/{attempt}/log/{number:06d}.txt"


def end_key(attempt: AttemptKey | str) -> str:
    """Where the end is kept."""
    return f"workspaces/{attempt}/log/end.json"
