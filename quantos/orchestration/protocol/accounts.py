"""Accounts as rows: read where they are, opened where they are not."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeAlias

from quantos.orchestration.ledger.accounts import Account, Hold
from quantos.orchestration.protocol.effects import Steps, Write, load_all
from quantos.orchestration.protocol.rows import AccountRow, Submission, account_key

OpenAccount: TypeAlias = Callable[[str, str], Account]
"""The account of a team and a day on which nothing has happened yet."""


def load_accounts(team: str, days: Sequence[str], *, opened: OpenAccount) -> Steps[dict[str, AccountRow]]:
    """A team's accounts of some days, by day."""
    rows = yield from load_all([account_key(team, day) for day in days])
    return {
        day: row if isinstance(row, AccountRow) else AccountRow(account=opened(team, day))
        for day, row in zip(days, rows, strict=True)
    }


def admitted(submission: Submission, row: AccountRow) -> tuple[Submission, Write] | None:
    """A submission that holds what it needs on an account, with the account's write; None where there is no room."""
    account = row.account.hold(submission.estimate)
    if account is None:
        return None
    hold = Hold(day=account.day, left=submission.estimate, cap=submission.cap)
    return replace(submission, hold=hold, reason=None), changed(row, account)


def changed(row: AccountRow, account: Account) -> Write:
    """The write of an account on the row that was read."""
    return Write(replace(row, account=account), new=row.version == 0)
