"""Statements in S3: where teams put them, and as they were read at admission."""

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError
from pydantic import ValidationError

from quantos.adapters.aws import AWS, error_code
from quantos.contracts.dag.admission import Admission
from quantos.errors import OrchestrationError
from quantos.orchestration.adapters.s3_objects import S3Objects
from quantos.translation import translated

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True)
class S3Statements:
    """A StatementSource: objects of any bucket that this role may read."""

    client: "S3Client"

    def read(self, bucket: str, key: str, *, most_bytes: int) -> bytes | None:
        """The first bytes of an object, one more than `most_bytes` where it has more; None where there is none."""
        with translated(
            AWS,
            into=OrchestrationError,
            what=f"could not read s3://{bucket}/{key}",
            remedy="check that the submit function's role may read the bucket",
        ):
            try:
                return self.client.get_object(Bucket=bucket, Key=key)["Body"].read(most_bytes + 1)
            except ClientError as exc:
                if error_code(exc) == "NoSuchKey":
                    return None
                raise


@dataclass(frozen=True)
class S3Admissions:
    """An AdmissionStore: `statements/<sha256>.sql` and `admissions/<team>/<digest>.json`."""

    objects: S3Objects

    def keep_text(self, text: str) -> str:
        """Keep a statement, and return its SHA-256. Key: that."""
        content = text.encode()
        digest = hashlib.sha256(content).hexdigest()
        self.objects.put_once(_statement_key(digest), content, content_type="application/sql")
        return digest

    def text(self, digest: str) -> str:
        """The statement of a SHA-256. Raises OrchestrationError where it is not there, or is another."""
        content = self.objects.read(_statement_key(digest))
        if content is None or hashlib.sha256(content).hexdigest() != digest:
            raise OrchestrationError(
                f"the statement {digest[:12]} {'is not there' if content is None else 'is another'}",
                remedy="restore an earlier version of the object",
            )
        return content.decode()

    def keep(self, team: str, digest: str, admission: Admission) -> Admission:
        """Keep what was read for a submission, and return what was kept first. Key: team and digest."""
        self.objects.put_once(_admission_key(team, digest), admission.to_json())
        return self.find(team, digest) or admission

    def find(self, team: str, digest: str) -> Admission | None:
        """What was kept; None before. Raises OrchestrationError where it cannot be read."""
        content = self.objects.read(_admission_key(team, digest))
        try:
            return None if content is None else Admission.model_validate_json(content)
        except ValidationError as exc:
            raise OrchestrationError(
                f"what was admitted for {team} as {digest[:12]} cannot be read: {exc.errors()[0]['msg']}",
                remedy="restore an earlier version of the object",
            ) from exc


def _statement_key(digest: str) -> str:
    return f"statements/{digest}.sql"


def _admission_key(team: str, digest: str) -> str:
    return f"admissions/{team}/{digest}.json"
