"""Logs in the artifacts bucket: `workspaces/<attempt>/log/<part, six digits>.txt`, then `log/end.json`."""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

from quantos.adapters.aws import AWS, error_code
from quantos.errors import OrchestrationError
from quantos.orchestration.logs.ports import LogEnd
from quantos.orchestration.protocol.rows import AttemptKey
from quantos.translation import translated

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_REMEDY: Final = "Check that the foundation layer is up and that this role may use the artifacts bucket."


@dataclass(frozen=True)
class S3Logs:
    """A LogArchive."""

    client: "S3Client"
    bucket: str

    def part(self, attempt: AttemptKey, number: int) -> bytes | None:
        """A part; None where it is not there. Raises OrchestrationError."""
        return self._read(part_key(attempt, number))

    def end(self, attempt: AttemptKey) -> LogEnd | None:
        """The end; None where it is not there yet. Raises OrchestrationError."""
        key = end_key(attempt)
        content = self._read(key)
        if content is None:
            return None
        try:
            document = json.loads(content)
            return LogEnd(end=str(document["end"]), parts=int(document["parts"]))
        except (ValueError, KeyError, TypeError) as exc:
            raise OrchestrationError(
                f"s3://{self.bucket}/{key} is not the end of a log: {exc}",
                remedy="only the executor writes it, as {end, parts}",
            ) from exc

    def _read(self, key: str) -> bytes | None:
        what = f"could not read s3://{self.bucket}/{key}"
        with translated(AWS, into=OrchestrationError, what=what, remedy=_REMEDY):
            try:
                return self.client.get_object(Bucket=self.bucket, Key=key)["Body"].read()
            except ClientError as exc:
                if error_code(exc) == "NoSuchKey":
                    return None
                raise


def part_key(attempt: AttemptKey, number: int) -> str:
    """Where a part is kept, counted from 0."""
    return f"workspaces/{attempt}/log/{number:06d}.txt"


def end_key(attempt: AttemptKey) -> str:
    """Where the end is kept."""
    return f"workspaces/{attempt}/log/end.json"
