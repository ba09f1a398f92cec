"""What `up` and `drift` print of an operation."""

import pytest

from cli.environments.layers import show_run
from quantos.deployment.adapters.layers import LayerRun
from quantos.deployment.changes import Change

LOCK = "urn:pulumi:prod-foundation::quantos::aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration::audit"


def test_what_cannot_be_undone_is_told_beside_what_changes(capsys: pytest.CaptureFixture[str]) -> None:
    change = Change(urn=LOCK, operation="update", paths=("rule.defaultRetention.days",))
    show_run(LayerRun("prod-foundation", {"update": 1}, (change,), (), 1.0, ("audit locks for 25570 days",)))
    printed = capsys.readouterr()
    assert "BucketObjectLockConfiguration audit (rule.defaultRetention.days)" in printed.out
    assert "cannot be undone prod-foundation: audit locks for 25570 days" in " ".join(printed.err.split())
