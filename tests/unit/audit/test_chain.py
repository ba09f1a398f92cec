"""A link's digest covers all that it says, and survives the wire."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from quantos.audit.chain import (
    EMPTY,
    GENESIS_DIGEST,
    StoredLink,
    chain_of,
    closing_in,
    digest_matches,
    followed_by,
    generation,
    generation_number,
    link,
    opening_in,
    read_link,
    stored,
)
from quantos.contracts.audit import AuditRecord, Succession
from quantos.errors import AuditError
from tests.support.audit_fakes import make_links, make_record

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
FIRST = make_links(1)[0]


def test_the_first_link_names_the_genesis_digest() -> None:
    assert FIRST.previous_digest == GENESIS_DIGEST


def test_a_value_without_canonical_json_is_refused() -> None:
    with pytest.raises(AuditError, match="plan/0001 has no digest"):
        link(make_record(body={"score": math.nan}), sequence=1, previous_digest=GENESIS_DIGEST)


@given(body=st.dictionaries(st.text(), JSON, max_size=4))
def test_the_digest_survives_the_wire(body: dict[str, JsonValue]) -> None:
    original = link(make_record(body=body), sequence=1, previous_digest=GENESIS_DIGEST)
    candidate = read_link(original.to_json())
    assert isinstance(candidate, StoredLink)
    assert digest_matches(candidate)
    assert candidate == stored(original)


def changed(**fields: object) -> bytes:
    return json.dumps(json.loads(FIRST.to_json()) | fields).encode()


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\xff", id="not-text"),
        pytest.param(b"[]", id="not-an-object"),
        pytest.param(b"[" * 100_000, id="too-deep"),
        pytest.param(b"{}", id="no-fields"),
        pytest.param(changed(sequence=True), id="sequence-true"),
        pytest.param(changed(sequence=1.0), id="sequence-with-a-point"),
        pytest.param(changed(record="x"), id="record-no-object"),
        pytest.param(changed(digest=None), id="no-digest"),
        pytest.param(changed(more=1), id="a-field-more"),
        pytest.param(changed(schema_version=2), id="later-schema"),
    ],
)
def test_what_is_no_link_says_why(content: bytes) -> None:
    assert isinstance(read_link(content), str)


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        pytest.param({"chain": "prod"}, "stray put in", id="other-chain"),
        pytest.param({"chain": "dev.2"}, "stray put in", id="other-generation"),
        pytest.param({"sequence": 2}, "stray put in", id="other-place"),
        pytest.param({"previous_digest": "f" * 64}, "rewritten", id="previous-digest"),
        pytest.param({"digest": "f" * 64}, "rewritten", id="digest"),
        pytest.param({"record": {"chain": "dev"}}, "rewritten", id="record"),
        pytest.param({"record": {"chain": "dev", "x": math.nan}}, "rewritten", id="not-canonical"),
    ],
)
def test_a_link_changed_in_any_part_does_not_follow(fields: dict[str, object], kind: str) -> None:
    assert followed_by(EMPTY, stored(FIRST), chain="dev") is None
    fault = followed_by(EMPTY, stored(FIRST)._replace(**fields), chain="dev")
    assert fault is not None
    assert fault.kind == kind


def test_a_link_whose_record_this_version_does_not_know_is_a_link() -> None:
    record = AuditRecord.model_construct(**(make_record(1).model_dump() | {"kind": "of-a-later-version"}))
    candidate = read_link(link(record, sequence=1, previous_digest=GENESIS_DIGEST).to_json())
    assert isinstance(candidate, StoredLink)
    assert followed_by(EMPTY, candidate, chain="dev") is None


def test_a_record_of_another_chain_is_no_link_of_this() -> None:
    smuggled = link(make_record(1, chain="prod"), sequence=1, previous_digest=GENESIS_DIGEST, chain="dev")
    assert followed_by(EMPTY, stored(smuggled), chain="dev") is not None


def test_generations_are_named_after_their_chain_and_only_after_it() -> None:
    names = [generation("dev", number) for number in (1, 2, 31)]
    assert names == ["dev", "dev.2", "dev.31"]
    assert [(chain_of(name), generation_number(name)) for name in names] == [("dev", 1), ("dev", 2), ("dev", 31)]
    for other in ("dev-2", "dev.0", "dev.02", "dev.2.3", "dev."):
        assert (chain_of(other), generation_number(other)) == (other, 1)


def succession(**fields: object) -> AuditRecord:
    stated = {"closes": "dev", "opens": "dev.2", "last_sequence": 1, "last_digest": FIRST.digest, "reason": "spoiled"}
    body = Succession.model_validate(stated | fields).model_dump(mode="json")
    return make_record(9, kind="succession", body=body)


def test_a_link_closes_its_chain_only_by_naming_the_link_before_it() -> None:
    def behind(record: AuditRecord) -> StoredLink:
        return stored(link(record, sequence=2, previous_digest=FIRST.digest))

    assert closing_in(behind(succession())) is not None
    assert closing_in(behind(succession(last_digest="f" * 64))) is None
    assert closing_in(behind(succession(closes="dev.2"))) is None
    assert closing_in(behind(succession(opens="prod.2"))) is None
    assert closing_in(behind(make_record(9, kind="succession", body={}))) is None
    assert closing_in(behind(make_record(9))) is None


def test_only_the_first_link_of_the_generation_that_it_names_opens_it() -> None:
    def first(chain: str, *, sequence: int = 1) -> StoredLink:
        return stored(link(succession(), sequence=sequence, previous_digest=GENESIS_DIGEST, chain=chain))

    assert opening_in(first("dev.2")) is not None
    assert opening_in(first("dev.3")) is None
    assert opening_in(first("dev.2", sequence=2)) is None
