"""A chain shows whatever was done to it after it was written."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from quantos.audit.chain import EMPTY, GENESIS_DIGEST, Head, digest_matches, link, verify
from quantos.contracts.audit import ChainLink
from quantos.errors import AuditError
from tests.support.audit_fakes import make_links, make_objects, make_record

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def test_a_chain_as_written_is_intact() -> None:
    links = make_links(5)
    verdict = verify(make_objects(links), chain="dev")
    assert verdict.intact
    assert verdict.head == Head(5, links[-1].digest)
    assert "intact: 5 links" in verdict.sentence


def test_no_links_are_an_intact_chain() -> None:
    verdict = verify([], chain="dev")
    assert (verdict.intact, verdict.head) == (True, EMPTY)


def test_the_first_link_names_the_genesis_digest() -> None:
    assert make_links(1)[0].previous_digest == GENESIS_DIGEST


def test_a_changed_record_is_named_at_its_link() -> None:
    objects = make_objects(make_links(5))
    objects[2] = replace(objects[2], content=objects[2].content.replace(b"2.5", b"2.4"))
    verdict = verify(objects, chain="dev")
    assert verdict.problem is not None
    assert (verdict.problem.kind, verdict.problem.sequence, verdict.head.sequence) == ("broken", 3, 2)
    assert "broken at link 3" in verdict.sentence


def test_a_record_changed_along_with_its_own_digest_is_named_at_the_next_link() -> None:
    links = make_links(5)
    forged = link(make_record(3, actor="mallory"), sequence=3, previous_digest=links[1].digest)
    verdict = verify(make_objects([*links[:2], forged, *links[3:]]), chain="dev")
    assert verdict.problem is not None
    assert (verdict.problem.kind, verdict.problem.sequence) == ("broken", 4)
    assert "does not name the digest of the link before" in verdict.problem.reason


def test_a_missing_link_is_named_by_its_own_sequence() -> None:
    links = make_links(5)
    verdict = verify(make_objects([*links[:1], *links[2:]]), chain="dev")
    assert verdict.problem is not None
    assert (verdict.problem.kind, verdict.problem.sequence) == ("missing", 2)


def test_missing_links_at_the_end_show_against_what_is_known_to_have_existed() -> None:
    objects = make_objects(make_links(5))[:3]
    assert verify(objects, chain="dev", at_least=3).intact
    verdict = verify(objects, chain="dev", at_least=5)
    assert verdict.problem is not None
    assert (verdict.problem.kind, verdict.problem.sequence) == ("missing", 4)


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        pytest.param({"versions": 2}, "forked", id="written-twice"),
        pytest.param({"hidden": True}, "missing", id="marked-as-deleted"),
        pytest.param({"name": "3", "sequence": None}, "forked", id="not-a-place"),
        pytest.param({"content": b"{}"}, "broken", id="not-a-link"),
        pytest.param({"content": b"\xff"}, "broken", id="not-text"),
    ],
)
def test_an_object_that_should_not_be_is_named(changes: dict[str, object], kind: str) -> None:
    objects = make_objects(make_links(4))
    objects[2] = replace(objects[2], **changes)
    verdict = verify(objects, chain="dev")
    assert verdict.problem is not None
    assert (verdict.problem.kind, verdict.problem.sequence) == (kind, 3)


def test_a_second_link_for_a_place_is_a_fork() -> None:
    links = make_links(3)
    other = link(make_record(9), sequence=2, previous_digest=links[0].digest)
    objects = make_objects(links)
    objects.insert(2, replace(make_objects([other])[0], sequence=2))
    verdict = verify(objects, chain="dev")
    assert verdict.problem is not None
    assert (verdict.problem.kind, verdict.problem.sequence) == ("forked", 2)


def test_a_link_of_another_chain_is_refused() -> None:
    foreign = link(make_record(1, chain="prod"), sequence=1, previous_digest=GENESIS_DIGEST)
    verdict = verify(make_objects([foreign]), chain="dev")
    assert verdict.problem is not None
    assert "belongs to chain prod" in verdict.problem.reason


def test_a_value_without_canonical_json_is_refused() -> None:
    with pytest.raises(AuditError, match="plan/0001 has no digest"):
        link(make_record(body={"score": math.nan}), sequence=1, previous_digest=GENESIS_DIGEST)


@given(body=st.dictionaries(st.text(), JSON, max_size=4))
def test_the_digest_survives_the_wire(body: dict[str, JsonValue]) -> None:
    original = link(make_record(body=body), sequence=1, previous_digest=GENESIS_DIGEST)
    assert digest_matches(ChainLink.model_validate_json(original.to_json()))
