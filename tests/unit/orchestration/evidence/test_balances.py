"""From the records alone every account comes out as the ledger has it, and what is missing is named."""

import random
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantos.errors import AuditError
from quantos.orchestration.evidence.balances import balances, movement
from quantos.orchestration.evidence.transitions import moved
from quantos.orchestration.ledger.accounts import Account, Hold
from quantos.orchestration.ledger.amounts import Amount
from quantos.orchestration.protocol.effects import Commit, Write
from quantos.orchestration.protocol.rows import AccountRow
from tests.support.audit_fakes import make_record
from tests.support.random_runs import History, histories
from tests.support.runs import submission

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
HELD = Amount(cpu_ms=6)


def account(**fields: Amount) -> Account:
    return Account(team="alpha", day="2026-11-20", budget=Amount(cpu_ms=10), **fields)


def record_of(version: int, **fields: Amount):
    commit = Commit((Write(AccountRow(account=account(**fields), version=version - 1)),))
    return moved(commit, actor="ann", at=NOW, chain="dev")


@given(history=histories(), seed=st.integers(0, 2**16))
def test_any_history_is_told_by_its_records_in_whatever_order(history: History, seed: int) -> None:
    records = [*history.records, *history.records[::2]]
    random.Random(seed).shuffle(records)
    told_by_records = balances(records)
    assert told_by_records.accounts == history.accounts()
    assert told_by_records.faults == ()
    assert len({record.record_id for record in history.records}) == len(history.records)


@given(history=histories(), data=st.data())
def test_a_record_that_is_taken_out_is_missed_unless_nothing_follows_it(history: History, data: st.DataObject) -> None:
    moving = [record for record in history.records if record.body["accounts"]]
    followed = [
        record
        for record in moving
        for row in record.body["accounts"]
        if any(
            (other["team"], other["day"]) == (row["team"], row["day"]) and other["version"] > row["version"]
            for later in moving
            for other in later.body["accounts"]
        )
    ]
    if followed:
        gone = data.draw(st.sampled_from(followed))
        assert balances(record for record in history.records if record is not gone).faults


def test_a_missing_version_is_named() -> None:
    told = balances([record_of(3), record_of(1)])
    assert told.faults == ("account alpha/2026-11-20: no record of version 2",)


def test_two_tellings_of_one_version_are_named() -> None:
    told = balances([record_of(1), record_of(1, settled=HELD)])
    assert told.faults == ("account alpha/2026-11-20: 2 different records of version 1",)


def test_an_account_that_holds_what_no_run_does_is_named() -> None:
    (fault,) = balances([record_of(1, held=HELD)]).faults
    assert fault.startswith("account alpha/2026-11-20: it holds")


def test_a_run_that_holds_what_its_account_does_is_right() -> None:
    row = submission(hold=Hold(day="2026-11-20", left=HELD, cap=HELD))
    commit = Commit((Write(row, new=True), Write(AccountRow(account=account(held=HELD)), new=True)))
    record = moved(commit, actor="ann", at=NOW, chain="dev")
    assert record is not None
    assert balances([record]).faults == ()


def test_records_of_other_kinds_tell_nothing() -> None:
    assert movement(make_record(1)) is None


@pytest.mark.parametrize("units", [-1, 1.5, "1", None, True])
def test_what_is_no_amount_is_refused(units: object) -> None:
    record = record_of(1)
    assert record is not None
    record.body["accounts"][0]["held"]["cpu_ms"] = units
    with pytest.raises(AuditError, match=r"accounts\.0\.held\.cpu_ms"):
        balances([record])
