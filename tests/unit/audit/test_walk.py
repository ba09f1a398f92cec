"""Reading a chain names what was done to it, as far as the chain itself can tell."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from quantos.audit.chain import EMPTY, ChainObject, Head, link
from quantos.audit.walk import walk
from quantos.contracts.audit import Succession
from tests.support.audit_fakes import make_links, make_objects, make_record

LINKS = make_links(6)
OBJECTS = make_objects(LINKS)
Objects = list[ChainObject]


def changed(place: int, **changes: object) -> Objects:
    return [replace(item, **changes) if item.sequence == place else item for item in OBJECTS]


def test_a_chain_as_written_is_good_to_its_end() -> None:
    read = walk(OBJECTS, chain="dev")
    assert (read.head, read.faults, read.strays) == (Head(6, LINKS[5].digest), (), ())
    assert [read.digest_at(place) for place in range(1, 7)] == [item.digest for item in LINKS]


def test_no_links_are_a_good_chain() -> None:
    assert (walk([], chain="dev").head, walk([], chain="dev").faults) == (EMPTY, ())


def forged(place: int) -> bytes:
    other = link(make_record(place, actor="mallory"), sequence=place, previous_digest=LINKS[place - 2].digest)
    return other.to_json()


@pytest.mark.parametrize(
    ("objects", "kind", "sequence", "good"),
    [
        pytest.param(changed(3, content=OBJECTS[2].content.replace(b"2.5", b"2.4")), "rewritten", 3, 2, id="changed"),
        pytest.param(changed(3, content=forged(3)), "rewritten", 4, 3, id="changed-with-its-digest"),
        pytest.param([*OBJECTS[:1], *OBJECTS[2:]], "middle removed", 2, 1, id="gap"),
        pytest.param(OBJECTS[1:], "middle removed", 1, 0, id="begins-late"),
        pytest.param(changed(3, hidden=True), "middle removed", 3, 2, id="marked-as-deleted"),
        pytest.param(changed(6, hidden=True), "tail removed", 6, 5, id="end-marked-as-deleted"),
        pytest.param(
            [replace(item, hidden=(item.sequence or 0) > 3) for item in OBJECTS],
            "tail removed", 4, 3, id="end-of-three-marked-as-deleted",
        ),
        pytest.param(changed(3, versions=2), "forked", 3, 6, id="written-again"),
        pytest.param(
            [replace(item, versions=1 + ((item.sequence or 0) > 3)) for item in OBJECTS],
            "tail rewritten", 4, 6, id="end-written-again",
        ),
        pytest.param(changed(3, content=b"{}"), "stray put in", 3, 2, id="not-a-link"),
        pytest.param(changed(3, content=b"\xff"), "stray put in", 3, 2, id="not-text"),
        pytest.param(changed(3, content=OBJECTS[3].content), "stray put in", 3, 2, id="link-of-another-place"),
        pytest.param([*OBJECTS, replace(OBJECTS[0], sequence=7, name="7")], "stray put in", 7, 6, id="behind-the-end"),
        pytest.param([*OBJECTS[:3], OBJECTS[1], *OBJECTS[3:]], "forked", 2, 3, id="second-for-a-place"),
    ],
)  # fmt: skip
def test_what_was_done_is_named_with_its_place(objects: Objects, kind: str, sequence: int, good: int) -> None:
    read = walk(objects, chain="dev")
    (fault,) = (*read.faults, *read.again)
    assert (fault.kind, fault.sequence, read.head.sequence) == (kind, sequence, good)


def test_a_name_that_is_no_place_is_named_and_reading_goes_on() -> None:
    read = walk([*OBJECTS[:2], ChainObject("000000000002-other", None, b"x"), *OBJECTS[2:]], chain="dev")
    assert (read.head.sequence, read.faults, read.strays) == (6, (), ("000000000002-other",))


def closing(links: int) -> bytes:
    last = LINKS[links - 1]
    body = Succession(
        closes="dev", opens="dev.2", last_sequence=links, last_digest=last.digest, reason="it cannot go on"
    )
    record = make_record(0, record_id="closed", kind="succession", body=body.model_dump(mode="json"))
    return link(record, sequence=links + 1, previous_digest=last.digest).to_json()


@pytest.mark.parametrize("behind", [list, lambda: OBJECTS[4:], lambda: changed(6, content=b"{}")[5:]])
def test_a_closing_link_ends_reading_whatever_follows(behind: Callable[[], Objects]) -> None:
    read = walk([*OBJECTS[:3], replace(OBJECTS[3], content=closing(3)), *behind()], chain="dev")
    assert (read.head.sequence, read.faults) == (4, ())
    assert read.closed_by is not None
    assert read.closed_by.last_sequence == 3
