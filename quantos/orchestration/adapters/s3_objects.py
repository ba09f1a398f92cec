"""What runs are made of and give, in the artifacts bucket: each object is put once, under a key that names it."""

import hashlib
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError
from pydantic import ValidationError

from quantos.adapters.aws import AWS, error_code
from quantos.adapters.s3 import JSON, put_once
from quantos.contracts.dag.submission import SubmissionRequest
from quantos.errors import OrchestrationError
from quantos.translation import translated

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True)
class S3Objects:
    """Objects of a bucket."""

    client: "S3Client"
    bucket: str

    def read(self, key: str) -> bytes | None:
        """An object's content; None where there is none. Raises OrchestrationError."""
        with self._trying_to("read", key):
            try:
                return self.client.get_object(Bucket=self.bucket, Key=key)["Body"].read()
            except ClientError as exc:
                if error_code(exc) == "NoSuchKey":
                    return None
                raise

    def keys(self, prefix: str) -> list[str]:
        """All keys that begin so, in order. Raises OrchestrationError."""
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        with self._trying_to("list", prefix):
            return [item["Key"] for page in pages for item in page.get("Contents", [])]

    def put_once(self, key: str, content: bytes, *, content_type: str = JSON) -> bool:
        """Put an object unless there is one, and say whether it was put. Raises OrchestrationError."""
        with self._trying_to("write", key):
            return put_once(self.client, self.bucket, key=key, content=content, content_type=content_type)

    def remove_folder(self, folder: str) -> bool:
        """Remove a thousand objects of a folder at most, and say whether those were all. Raises OrchestrationError."""
        prefix = f"{folder}/"
        with self._trying_to("remove", prefix):
            page = self.client.list_objects_v2(Bucket=self.bucket, Prefix=prefix)
            keys, whole = [item["Key"] for item in page.get("Contents", [])], not page["IsTruncated"]
            if keys:
                self._delete(keys)
        return whole

    def _delete(self, keys: Sequence[str]) -> None:
        answer = self.client.delete_objects(
            Bucket=self.bucket, Delete={"Objects": [{"Key": key} for key in keys], "Quiet": True}
        )
        for refused in answer.get("Errors", []):
            raise OrchestrationError(
                f"s3://{self.bucket}/{refused.get('Key')} was not removed: {refused.get('Message')}",
                remedy="check that this role may delete it",
                retryable=True,
            )

    def _trying_to(self, verb: str, key: str) -> AbstractContextManager[None]:
        return translated(
            AWS,
            into=OrchestrationError,
            what=f"could not {verb} s3://{self.bucket}/{key}",
            remedy="check that the foundation layer is up and that this role may use the bucket",
        )


@dataclass(frozen=True)
class S3Specs:
    """A SpecStore: `specs/<team>/<digest>.json`, as it was stated."""

    objects: S3Objects

    def put(self, team: str, request: SubmissionRequest) -> None:
        """Keep what was submitted. Key: its digest."""
        text = request.model_dump_json(by_alias=True, exclude_unset=True)
        self.objects.put_once(_spec_key(team, request.digest()), text.encode())

    def get(self, team: str, digest: str) -> SubmissionRequest:
        """What was submitted. Raises OrchestrationError where it is not there, or not what it was."""
        content = self.objects.read(_spec_key(team, digest))
        if content is None:
            raise _missing(team, digest, "is not there")
        try:
            request = SubmissionRequest.model_validate_json(content)
        except ValidationError as exc:
            raise _missing(team, digest, f"cannot be read: {exc.errors()[0]['msg']}") from exc
        if request.digest() != digest:
            raise _missing(team, digest, f"is another: its SHA-256 is {hashlib.sha256(content).hexdigest()}")
        return request


def _spec_key(team: str, digest: str) -> str:
    return f"specs/{team}/{digest}.json"


def _missing(team: str, digest: str, why: str) -> OrchestrationError:
    return OrchestrationError(
        f"what {team} submitted with the digest {digest[:12]} {why}",
        remedy="restore an earlier version of the object; the audit chain names the digest",
    )
