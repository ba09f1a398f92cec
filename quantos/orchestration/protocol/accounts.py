"""Accounts as rows: read where they are, opened where they are not."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeAlias

from quantos.orchestration.ledger.accounts import Account
from quantos.orchestration.protocol.effects import Steps, Write, load_all
from quantos.orchestration.protocol.rows import AccountRow, account_key

OpenAccount: TypeAlias = Callable[[str, str], Account]
"""The account of a team and a day on which nothing has happened yet."""


def load_accounts(team: str, days: Sequence[str], *, opened: OpenAccount) -> Steps[dict[str, AccountRow]]:
    """A team's accounts of some days, by day."""
    rows = yield from load_all([account_key(team, day) for day in days])
    return {
        day: row if isinstance(row, AccountRow) else AccountRow(account=opened(team, day))
        for day, row in zip(days, rows, strict=True)
    }


def changed(row: AccountRow, account: Account) -> Write:
    """The write of an account on the row that was read."""
    return Write(replace(row, account=account), new=row.version == 0)
