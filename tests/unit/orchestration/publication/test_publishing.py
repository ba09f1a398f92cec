"""What is published is what was given, once, and under a name that says whose it is."""

import hashlib
from dataclasses import dataclass, field

import pytest

from quantos.contracts.dag.outputs import Output, Outputs
from quantos.errors import OrchestrationError
from quantos.orchestration.execution.outputs import MOST_PUBLISHED_BYTES
from quantos.orchestration.protocol.rows import AttemptKey, RunKey
from quantos.orchestration.publication.publishing import Publication, publications, publish, published
from tests.support.runs import RUN, submission


@dataclass
class Objects:
    """A bucket in memory."""

    bucket: str = "artifacts"
    kept: dict[str, bytes] = field(default_factory=dict)

    def read(self, key: str) -> bytes | None:
        return self.kept.get(key)

    def put_once(self, key: str, content: bytes, *, content_type: str = "") -> bool:
        return self.kept.setdefault(key, content) is content


def hashed(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def output(name: str, content: bytes, **fields: object) -> Output:
    stated = {"type": "object", "uri": f"s3://artifacts/workspaces/{ATTEMPT}/files/{name}", "hash": hashed(content)}
    return Output.model_validate({**stated, "size_bytes": len(content), **fields})


ATTEMPT = AttemptKey(RUN, "train", 1)
SOURCE = f"workspaces/{ATTEMPT}/files/model"
MODEL = b"weights"
GIVEN = Outputs(
    outputs={
        "model_uri": output("model", MODEL),
        "metrics_json": output("metrics", b"{}"),
        "feature_table": output("features", b"x"),
    }
)


def of_model(objects: Objects, run: RunKey = RUN) -> Publication:
    objects.kept[SOURCE] = MODEL
    return next(each for each in publications(submission(run=run), GIVEN) if each.output == "model_uri")


def test_models_and_reports_are_published_and_nothing_else() -> None:
    assert [each.target for each in publications(submission(), GIVEN)] == [
        "models/p/x-1/model.bin",
        "reports/alpha/x/metrics.json",
    ]


def test_another_run_publishes_under_another_name() -> None:
    run = RunKey("alpha", "x", 2)
    assert [each.target for each in publications(submission(run=run), GIVEN)] == [
        "models/p/x-2/model.bin",
        "reports/alpha/x/run-2/metrics.json",
    ]


def test_publishing_again_changes_nothing() -> None:
    objects = Objects()
    for _ in range(2):
        publish(of_model(objects), ATTEMPT, objects)
    assert objects.kept["models/p/x-1/model.bin"] == MODEL


def test_what_was_changed_since_it_was_given_is_not_published() -> None:
    objects = Objects()
    publication = of_model(objects)
    objects.kept[SOURCE] = b"others"
    with pytest.raises(OrchestrationError, match="is not what was given"):
        publish(publication, ATTEMPT, objects)
    del objects.kept[SOURCE]
    with pytest.raises(OrchestrationError, match="is not there"):
        publish(publication, ATTEMPT, objects)


def test_what_another_attempt_gave_is_not_published() -> None:
    objects = Objects()
    with pytest.raises(OrchestrationError, match=f"does not lie in the workspace of {RUN}/train/10"):
        publish(of_model(objects), AttemptKey(RUN, "train", 10), objects)
    assert "models/p/x-1/model.bin" not in objects.kept


def test_something_else_under_the_name_is_never_overwritten() -> None:
    objects = Objects(kept={"models/p/x-1/model.bin": b"another"})
    with pytest.raises(OrchestrationError, match="something else stands under"):
        publish(of_model(objects), ATTEMPT, objects)
    assert objects.kept["models/p/x-1/model.bin"] == b"another"


def test_what_no_function_could_hold_is_refused() -> None:
    huge = Outputs(outputs={"model_uri": output("model", MODEL, size_bytes=MOST_PUBLISHED_BYTES + 1)})
    (publication,) = publications(submission(), huge)
    with pytest.raises(OrchestrationError, match="at most"):
        publish(publication, ATTEMPT, Objects())


def test_a_table_or_what_has_no_hash_is_not_published() -> None:
    table = Output(type="table", uri="iceberg://a/b", snapshot_id="1", size_bytes=1)
    bare = Output(type="object", uri="s3://artifacts/m", size_bytes=1)
    assert list(publications(submission(), Outputs(outputs={"model_uri": table, "metrics_json": bare}))) == []


def test_its_record_says_hash_and_source_and_is_the_same_each_time() -> None:
    from datetime import UTC, datetime

    publication = of_model(Objects())
    at = datetime(2026, 11, 20, tzinfo=UTC)
    record = published(publication, AttemptKey(RUN, "n", 1), digest="d", at=at, chain="dev")
    again = published(publication, AttemptKey(RUN, "n", 1), digest="d", at=at.replace(hour=5), chain="dev")
    assert record.record_id == again.record_id
    assert (record.body["hash"], record.subject) == (hashed(MODEL), "models/p/x-1/model.bin")
