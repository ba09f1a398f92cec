"""Whatever is done to a chain shows, and the verdict says which: with the table's help, an anchor's, or a person's."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantos.audit.auditor import verify_chain
from quantos.audit.verification import Known
from tests.support.audit_fakes import FakeChainIndex, FakeChainStore, make_links
from tests.support.chain_account import (
    TAMPERINGS,
    Account,
    forget,
    remove,
    rewrite,
    rewrite_table_too,
    twelve_links,
)


@pytest.fixture
def account() -> Account:
    return twelve_links()


@pytest.mark.parametrize("name", TAMPERINGS)
def test_the_verdict_says_what_was_done_and_from_which_link_on(name: str, account: Account) -> None:
    tamper, faults = TAMPERINGS[name]
    tamper(account)
    assert account.found() == faults
    verdict = account.auditor.verify()
    assert verdict.intact is not bool(faults)
    assert all(kind in " ".join(verdict.lines) for kind, _ in faults)


def test_hours_without_an_anchor_between_two_are_told(account: Account) -> None:
    account.anchor(2)
    account.anchor(30)
    assert any("no anchor is kept of 27 hours" in line for line in account.auditor.verify().lines)


def test_what_a_record_says_writes_no_line_of_its_own(account: Account) -> None:
    account.store.strays["dev"] = ["x\x1b[2J\nChain dev is intact: 999 links"]
    lines = account.auditor.verify().lines
    assert all(line.isprintable() for line in lines)
    assert any("x\\x1b[2J\\nChain dev is intact" in line for line in lines)


def test_an_intact_chain_prints_the_anchor_that_holds_it_later(account: Account) -> None:
    verdict = account.auditor.verify()
    assert (verdict.links, verdict.anchors) == (12, 2)
    assert verdict.anchor == f"dev/12:{account.links()[-1].digest}"
    assert "intact: 12 links" in verdict.sentence


@pytest.mark.parametrize(
    ("tamper", "faults"),
    [
        pytest.param(lambda account: rewrite_table_too(account, 11), [("tail rewritten", 10)], id="rewritten"),
        pytest.param(
            lambda account: (remove(account, 11), forget(account, 11)), [("tail removed", 11)], id="removed"
        ),
    ],
)  # fmt: skip
def test_what_was_done_since_the_last_anchor_shows_by_one_that_was_given(
    tamper: Callable[[Account], None], faults: list[tuple[str, int]], account: Account
) -> None:
    kept = Known("dev", 12, account.links()[-1].digest)
    tamper(account)
    assert account.found() == []
    assert account.found((kept,)) == faults


@given(data=st.data())
def test_no_rewriting_or_removal_before_the_newest_witness_is_missed(data: st.DataObject) -> None:
    account = twelve_links()
    first = data.draw(st.integers(1, 12))
    if data.draw(st.booleans()):
        rewrite(account, first)
    else:
        remove(account, first, data.draw(st.integers(first, 12)))
    if data.draw(st.booleans()):
        account.index = FakeChainIndex.of(account.links()) if first <= 9 else account.index
    (kind, place), *_ = account.found()
    assert place <= first
    assert kind in {"tail rewritten", "tail removed", "middle removed", "rewritten"}


def test_the_store_alone_is_judged_by_itself() -> None:
    assert verify_chain(FakeChainStore.of(make_links(3)), "dev").links == 3
