"""A commit becomes one record, whose id is its version, and which says no more than it may."""

from datetime import UTC, datetime

from quantos.audit.chain import link
from quantos.orchestration.evidence.transitions import moved
from quantos.orchestration.ledger.accounts import Account, Hold
from quantos.orchestration.ledger.amounts import Amount
from quantos.orchestration.protocol.effects import Commit, Write
from quantos.orchestration.protocol.rows import AccountRow, Identity, Node, Pipeline, Row
from tests.support.runs import PLACEMENT, node, submission

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
HUGE = Amount(cpu_ms=2**60, gpu_ms=1, io_bytes=2**62)
ACCOUNT = AccountRow(account=Account(team="alpha", day="2026-11-20", budget=HUGE, held=Amount(cpu_ms=6)), version=4)


def record(*rows: Row):
    return moved(Commit(tuple(Write(row) for row in rows)), actor="dispatch", at=NOW, chain="dev")


def claimed(**fields: object) -> Node:
    return node(**{"state": "claimed", "attempt": 1, "placement": PLACEMENT, "spent_usd": 0.0000014, **fields})


def test_a_submission_is_recorded_with_its_accounts() -> None:
    hold = Hold(day="2026-11-20", left=Amount(cpu_ms=6), cap=HUGE)
    made = record(submission(version=2, hold=hold, live=1), claimed(), ACCOUNT)
    assert made is not None
    assert (made.record_id, made.kind, made.subject) == ("submission/alpha/x/1/3", "submission", "alpha/x/1")
    assert (made.actor, made.occurred_at, made.chain) == ("dispatch", NOW, "dev")
    assert made.body["hold"] == {
        "day": "2026-11-20",
        "left": {"cpu_ms": 6, "gpu_ms": 0, "io_bytes": 0},
        "cap": {"cpu_ms": 2**60, "gpu_ms": 1, "io_bytes": 2**62},
        "used": {"cpu_ms": 0, "gpu_ms": 0, "io_bytes": 0},
    }
    assert {name: made.body[name] for name in ("reason", "asked", "ended", "live", "version")} == {
        "reason": None, "asked": None, "ended": None, "live": 1, "version": 3,
    }  # fmt: skip
    (account,) = made.body["accounts"]
    assert (account["team"], account["day"], account["version"]) == ("alpha", "2026-11-20", 5)
    assert account["budget"]["io_bytes"] == 2**62
    assert made.body["nodes"]["count"] == {"claimed": 1}
    assert made.body["nodes"]["spent_micro_usd"] == {"n": 1}


def test_the_same_commit_has_the_same_link_and_another_fact_another_digest() -> None:
    first, again, other = (record(submission(), claimed(attempt=number)) for number in (1, 1, 2))
    assert first is not None
    assert other is not None
    assert first == again
    assert link(first, sequence=1, previous_digest="0" * 64).digest
    assert first.body["nodes"]["digest"] != other.body["nodes"]["digest"]


def test_accounts_alone_are_recorded_as_quota() -> None:
    made = record(ACCOUNT)
    assert made is not None
    assert (made.record_id, made.kind, made.subject) == (
        "account/alpha/2026-11-20/5",
        "quota",
        "account/alpha/2026-11-20",
    )


def test_a_commit_that_moves_nothing_has_no_record() -> None:
    assert record(claimed()) is None
    assert record(Pipeline(id="p", team="alpha"), Identity(team="alpha", submission_id="x", digest="d")) is None
    assert moved(Commit((), (ACCOUNT,)), actor="dispatch", at=NOW, chain="dev") is None
