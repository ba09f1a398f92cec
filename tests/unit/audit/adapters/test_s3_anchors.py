"""Anchors on S3 as moto has it: once an hour, in order, with their history."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from moto import mock_aws

from quantos.audit.adapters.s3_anchors import S3AnchorStore
from quantos.audit.anchoring import read_anchors
from quantos.contracts.audit import Anchor
from quantos.errors import AuditError
from tests.support.audit_fakes import BUCKET, NOW, create_audit_aws

HOUR = timedelta(hours=1)


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[S3AnchorStore]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        yield S3AnchorStore(create_audit_aws()[0].client, BUCKET)


def anchor(hours: int, *, chain: str = "dev") -> Anchor:
    return Anchor(chain=chain, sequence=hours + 1, digest="a" * 64, hour=NOW.replace(minute=0) + hours * HOUR)


def test_an_hour_has_one_anchor_and_the_first_stays(store: S3AnchorStore) -> None:
    assert store.put(anchor(0))
    assert not store.put(anchor(0).model_copy(update={"sequence": 9}))
    assert store.newest("dev", since=NOW) == anchor(0)


def test_the_newest_is_found_from_a_moment_on(store: S3AnchorStore) -> None:
    assert store.newest("dev", since=NOW) is None
    for hours, chain in ((0, "dev"), (1, "dev.2")):
        store.put(anchor(hours, chain=chain))
    assert store.newest("dev", since=NOW - HOUR) == anchor(1, chain="dev.2")
    assert store.newest("dev", since=NOW + HOUR) == anchor(1, chain="dev.2")
    assert store.newest("dev", since=NOW + 2 * HOUR) is None


def test_all_are_read_in_order_with_their_history(store: S3AnchorStore) -> None:
    for hours in range(30):
        store.put(anchor(hours))
    key = f"anchors/dev/{NOW + HOUR:%Y-%m-%dT%H}"
    store.client.put_object(Bucket=BUCKET, Key=key, Body=b"{}")
    anchors, faults = read_anchors(store.objects("dev"), chain="dev")
    assert anchors == [anchor(hours) for hours in range(30)]
    assert ["written again" in fault.reason for fault in faults] == [True]


def test_what_is_no_anchor_is_an_audit_error(store: S3AnchorStore) -> None:
    store.client.put_object(Bucket=BUCKET, Key="anchors/dev/2026-03-02T23", Body=b"{}")
    with pytest.raises(AuditError, match="is not an anchor"):
        store.newest("dev", since=NOW)
