"""What runs give that others trust: models and reports, under names that only the platform writes, with their hashes.

A program writes its own workspace and nothing else; what it calls `model_uri` and `metrics_json` is published once its
node has succeeded. Key: the name that it is published under, put once.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from quantos.contracts.audit import AuditRecord
from quantos.contracts.dag.outputs import Outputs
from quantos.errors import OrchestrationError
from quantos.orchestration.execution.outputs import MOST_PUBLISHED_BYTES, PUBLISHED
from quantos.orchestration.protocol.rows import AttemptKey, Submission


class ObjectStore(Protocol):
    """Objects of the environment's bucket of artifacts."""

    @property
    def bucket(self) -> str:
        """Its name."""
        ...

    def read(self, key: str) -> bytes | None:
        """An object's content; None where there is none. Raises OrchestrationError."""
        ...

    def put_once(self, key: str, content: bytes, *, content_type: str = ...) -> bool:
        """Put an object unless there is one, and say whether it was put. Raises OrchestrationError."""
        ...


@dataclass(frozen=True, kw_only=True)
class Publication:
    """One output and the name it is published under."""

    output: str
    source: str
    target: str
    hash: str
    size_bytes: int


def publications(submission: Submission, outputs: Outputs) -> Iterator[Publication]:
    """What of an attempt's outputs is published."""
    for name, target in _targets(submission).items():
        output = outputs.outputs.get(name)
        if output is not None and output.type == "object" and output.hash is not None:
            yield Publication(
                output=name, source=output.uri, target=target, hash=output.hash, size_bytes=output.size_bytes
            )


def publish(publication: Publication, attempt: AttemptKey, objects: ObjectStore) -> None:
    """Put what an attempt gave under its name, unless the same stands there already.

    Raises:
        OrchestrationError: it lies outside of the attempt's workspace, is gone, too large or not what its hash says, or
            something else stands under the name.
    """
    if publication.size_bytes > MOST_PUBLISHED_BYTES:
        raise _refused(publication, f"has {publication.size_bytes} bytes, of {MOST_PUBLISHED_BYTES} at most")
    workspace = f"workspaces/{attempt}/"
    if not publication.source.startswith(f"s3://{objects.bucket}/{workspace}"):
        raise _refused(publication, f"does not lie in the workspace of {attempt}")
    key = publication.source.removeprefix(f"s3://{objects.bucket}/")
    content = objects.read(key)
    if content is None:
        raise _refused(publication, "is not there")
    if _hash(content) != publication.hash:
        raise _refused(publication, f"is not what was given: its hash is {_hash(content)}")
    if objects.put_once(publication.target, content, content_type="application/octet-stream"):
        return
    standing = objects.read(publication.target)
    if standing is None or _hash(standing) != publication.hash:
        raise _refused(publication, f"cannot be published: something else stands under {publication.target}")


def published(publication: Publication, attempt: AttemptKey, *, digest: str, at: datetime, chain: str) -> AuditRecord:
    """The record of a publication; `digest` is of what was submitted."""
    return AuditRecord(
        record_id=f"publication/{hashlib.sha256(publication.target.encode()).hexdigest()}",
        chain=chain,
        kind="publication",
        subject=publication.target,
        actor="runs",
        occurred_at=at,
        body={
            "attempt": str(attempt),
            "submission_digest": digest,
            "output": publication.output,
            "source": publication.source,
            "hash": publication.hash,
            "size_bytes": publication.size_bytes,
        },
    )


def _targets(submission: Submission) -> Mapping[str, str]:
    run = submission.run
    again = "" if run.run == 1 else f"run-{run.run}/"
    version = f"{run.submission_id}-{run.run}"
    model = f"models/{submission.terms.pipeline_id}/{version}/model.bin"
    report = f"reports/{run.team}/{run.submission_id}/{again}metrics.json"
    return dict(zip(PUBLISHED, (model, report), strict=True))


def _hash(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _refused(publication: Publication, why: str) -> OrchestrationError:
    return OrchestrationError(
        f"{publication.source} {why}", remedy="run the node again; what was published before stays as it is"
    )
