"""What attempts read of the environment's bucket, and what is kept of them there."""

import json
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from boto3.exceptions import Boto3Error
from pydantic import ValidationError

from quantos.adapters.aws import AWS
from quantos.contracts.dag.outputs import Output, Outputs
from quantos.contracts.dag.submission import SubmissionRequest
from quantos.errors import OrchestrationError
from quantos.orchestration.adapters.s3_logs import end_key, part_key
from quantos.orchestration.adapters.s3_objects import S3Objects, S3Specs
from quantos.orchestration.execution.classify import End
from quantos.orchestration.execution.outputs import DOCUMENT, document_of, object_output
from quantos.orchestration.logs.ports import MOST_PART_BYTES
from quantos.translation import translated

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_CHUNK_BYTES: Final = 2**20


def _is_transient(error: Exception) -> bool:
    cause = error.__context__ if isinstance(error, Boto3Error) else error
    return AWS.transient is not None and isinstance(cause, Exception) and AWS.transient(cause)


_TRANSFERS: Final = replace(AWS, raises=(*AWS.raises, Boto3Error), transient=_is_transient)
"""Whole files go in parts, of which boto3 raises errors of its own, in place of what the service said."""


_REMEDY: Final = "check that the environment is up, and that its artifacts bucket is there"


@dataclass(frozen=True)
class WorkspaceArchive:
    """Workspaces by the names of attempts, in the artifacts bucket. Each call raises OrchestrationError."""

    client: "S3Client"
    bucket: str

    def request(self, team: str, digest: str) -> SubmissionRequest:
        """What was submitted."""
        return S3Specs(S3Objects(self.client, self.bucket)).get(team, digest)

    def outputs(self, attempt: str) -> Outputs:
        """What an attempt gave."""
        try:
            return Outputs.model_validate_json(self._get(f"{_folder(attempt)}/{DOCUMENT}"))
        except ValidationError as exc:
            raise OrchestrationError(
                f"what {attempt} gave cannot be read: {exc.errors()[0]['msg']}", remedy="run the node again"
            ) from exc

    def fetch(self, output: Output, place: Path) -> Path:
        """Bring an object here. Raises OrchestrationError where it is not what its hash says."""
        bucket, _, key = output.uri.removeprefix("s3://").partition("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        with (
            translated(AWS, into=OrchestrationError, what=f"{output.uri} cannot be read", remedy=_REMEDY),
            place.open("wb") as file,
        ):
            shutil.copyfileobj(self.client.get_object(Bucket=bucket, Key=key)["Body"], file, _CHUNK_BYTES)
        if output.hash not in {None, object_output(place, output.uri).hash}:
            raise OrchestrationError(f"{output.uri} is not what was written there", remedy="run what gave it again")
        return place

    def put_output(self, attempt: str, name: str, *, file: Path) -> Output:
        """Keep a file that an attempt gave."""
        key = f"{_folder(attempt)}/files/{name}"
        with translated(_TRANSFERS, into=OrchestrationError, what=f"{name} cannot be kept", remedy=_REMEDY):
            self.client.upload_file(str(file), self.bucket, key)
        return object_output(file, f"s3://{self.bucket}/{key}")

    def put_outputs(self, attempt: str, outputs: dict[str, Output]) -> None:
        """Keep what an attempt gave as a whole."""
        self._put(f"{_folder(attempt)}/{DOCUMENT}", document_of(outputs))

    def begin(self, attempt: str, by: str) -> bool:
        """Be the one who runs an attempt; False where another was. Key: the attempt, for good."""
        objects, key = S3Objects(self.client, self.bucket), f"{_folder(attempt)}/begun-by"
        return objects.put_once(key, by.encode(), content_type="text/plain") or objects.read(key) == by.encode()

    def put_log(self, attempt: str, number: int, *, part: bytes) -> None:
        """Keep a part of a log. Key: the part, whose bytes are always the same."""
        self._put(part_key(attempt, number), part)

    def log_parts(self, attempt: str) -> tuple[int, int]:
        """How many parts of a log are kept, and of how many bytes together."""
        prefix = f"{_folder(attempt)}/log/"
        with translated(AWS, into=OrchestrationError, what="a log cannot be listed", remedy=_REMEDY):
            pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
            entries = [entry for page in pages for entry in page.get("Contents", ())]
            sizes = [entry["Size"] for entry in entries if entry["Key"].endswith(".txt")]
        return len(sizes), sum(sizes)

    def finish_log(self, name: str, *, log: Path, end: End) -> None:
        """Keep what is not yet kept of a log, and how its attempt ended. Key: the attempt."""
        parts, offset = self.log_parts(name)
        with log.open("rb") as file:
            file.seek(offset)
            while part := file.read(MOST_PART_BYTES):
                self.put_log(name, parts, part=part)
                parts += 1
        self._put(end_key(name), json.dumps({"end": end, "parts": parts}).encode())

    def _get(self, key: str) -> bytes:
        with translated(AWS, into=OrchestrationError, what=f"{key} cannot be read", remedy=_REMEDY):
            return self.client.get_object(Bucket=self.bucket, Key=key)["Body"].read()

    def _put(self, key: str, body: bytes) -> None:
        with translated(AWS, into=OrchestrationError, what=f"{key} cannot be kept", remedy=_REMEDY):
            self.client.put_object(Bucket=self.bucket, Key=key, Body=body)


def _folder(attempt: str) -> str:
    return f"workspaces/{attempt}"
