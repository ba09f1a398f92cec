"""The end of a chain is kept once an hour, and what was kept is held to be what it was."""

from datetime import datetime, timedelta

import pytest

from quantos.audit.anchoring import AnchoringService, read_anchors
from quantos.audit.chain import ChainObject, link
from quantos.audit.ledger import AuditLedger
from quantos.contracts.audit import Anchor
from quantos.errors import AuditError
from tests.support.audit_fakes import NOW, FakeAnchorStore, FakeChainIndex, FakeChainStore, make_links, make_record

HOUR = timedelta(hours=1)


def service(store: FakeChainStore, anchors: FakeAnchorStore) -> AnchoringService:
    return AnchoringService(store, anchors, "dev")


def test_the_end_is_kept_under_its_hour_and_the_first_of_an_hour_stays() -> None:
    links = make_links(3)
    store, anchors = FakeChainStore.of(links[:2]), FakeAnchorStore()
    first = service(store, anchors).anchor(NOW)
    assert first == Anchor(chain="dev", sequence=2, digest=links[1].digest, hour=NOW.replace(minute=0))
    store.put(links[2])
    service(store, anchors).anchor(NOW + timedelta(minutes=20))
    assert list(anchors.kept.values()) == [first]
    service(store, anchors).anchor(NOW + HOUR)
    assert [anchor.sequence for anchor in anchors.kept.values()] == [2, 3]


def test_a_chain_without_links_has_no_end_to_keep() -> None:
    anchors = FakeAnchorStore()
    assert service(FakeChainStore(), anchors).anchor(NOW) is None
    assert anchors.kept == {}


@pytest.mark.parametrize("later", [HOUR, timedelta(days=6)])
def test_a_chain_that_is_another_than_when_it_was_anchored_is_an_error_and_not_kept(later: timedelta) -> None:
    links = make_links(3)
    anchors = FakeAnchorStore()
    service(FakeChainStore.of(links), anchors).anchor(NOW)
    forged = link(make_record(3, actor="mallory"), sequence=3, previous_digest=links[1].digest)
    for store in (FakeChainStore.of([*links[:2], forged]), FakeChainStore.of(links[:2])):
        with pytest.raises(AuditError, match="link 3 of dev is"):
            service(store, anchors).anchor(NOW + later)
    assert len(anchors.kept) == 1


def test_what_ends_the_chain_and_is_no_link_is_not_kept() -> None:
    store, anchors = FakeChainStore.of(make_links(2)), FakeAnchorStore()
    store.kept["dev", 3] = b"{}"
    with pytest.raises(AuditError, match="link 3 of dev is not there"):
        service(store, anchors).anchor(NOW)


def test_the_generation_that_goes_on_is_anchored() -> None:
    store, anchors, index = FakeChainStore.of(make_links(2)), FakeAnchorStore(), FakeChainIndex()
    service(store, anchors).anchor(NOW)
    store.kept["dev", 3] = b"{}"
    AuditLedger(store, index, "dev").append([make_record(3)])
    anchor = service(store, anchors).anchor(NOW + HOUR)
    assert anchor is not None
    assert (anchor.chain, anchor.sequence) == ("dev.2", 2)


def kept(hour: datetime, sequence: int, **changes: object) -> ChainObject:
    anchor = Anchor(chain="dev", sequence=sequence, digest="a" * 64, hour=hour)
    fields: dict[str, object] = {"name": f"{hour:%Y-%m-%dT%H}", "content": anchor.to_json(), **changes}
    return ChainObject(sequence=None, **fields)


FIRST = NOW.replace(minute=0)


@pytest.mark.parametrize(
    ("objects", "reason"),
    [
        pytest.param([kept(FIRST, 3), kept(FIRST + HOUR, 3)], None, id="nothing-appended-meanwhile"),
        pytest.param([kept(FIRST, 3), kept(FIRST + HOUR, 2)], "an earlier end", id="backwards"),
        pytest.param([kept(FIRST, 3, name="2026-03-02T13")], "another hour", id="other-hour"),
        pytest.param([kept(FIRST, 3, versions=2)], "written again", id="twice"),
        pytest.param([kept(FIRST, 3, hidden=True)], "marked as deleted", id="deleted"),
        pytest.param([kept(FIRST, 3, content=b"{}")], "is not an anchor", id="no-anchor"),
    ],
)
def test_anchors_that_contradict_themselves_are_named(objects: list[ChainObject], reason: str | None) -> None:
    anchors, faults = read_anchors(objects, chain="dev")
    assert [fault.kind for fault in faults] == ([] if reason is None else ["anchors changed"])
    assert reason is None or reason in faults[0].reason
    assert len(anchors) == len(objects) or reason == "is not an anchor"
