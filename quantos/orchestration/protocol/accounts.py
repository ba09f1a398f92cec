"""Accounts as rows: read where they are, opened where they are not; and what is held on them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from quantos.orchestration.ledger.accounts import Account, Hold
from quantos.orchestration.ledger.amounts import NOTHING, Amount
from quantos.orchestration.ledger.credit import credit, credit_days
from quantos.orchestration.protocol.effects import Steps, Write, load_all
from quantos.orchestration.protocol.rows import AccountRow, Submission, account_key
from quantos.orchestration.protocol.rules import OpenAccount, Rules


@dataclass(frozen=True)
class Holding:
    """A submission that holds what it needs, with the write of the account that it holds it on."""

    submission: Submission
    account: Write


@dataclass(frozen=True)
class Short:
    """There is no room: what is missing, and the credit that there is."""

    missing: Amount
    credit: Amount


def load_accounts(team: str, days: Sequence[str], *, opened: OpenAccount) -> Steps[dict[str, AccountRow]]:
    """A team's accounts of some days, by day."""
    rows = yield from load_all([account_key(team, day) for day in days])
    return {
        day: row if isinstance(row, AccountRow) else AccountRow(account=opened(team, day))
        for day, row in zip(days, rows, strict=True)
    }


def holding(submission: Submission, day: str, *, rules: Rules, granted: bool) -> Steps[Holding | Short]:
    """A submission with its hold on a day's account.

    Where the day has no room, credit pays what is missing of urgent work, and of what was `granted`.
    """
    team = submission.run.team
    row = (yield from load_accounts(team, [day], opened=rules.opened))[day]
    missing = submission.estimate.beyond(row.account.room)
    if missing == NOTHING:
        return _held(submission, row, row.account)
    if not granted and submission.terms.priority != "high":
        return Short(missing, NOTHING)
    terms = rules.credit(team)
    earlier = credit_days(day, terms=terms)[:-1]
    rows = yield from load_all([account_key(team, each) for each in earlier])
    accounts = {each.account.day: each.account for each in rows if isinstance(each, AccountRow)}
    left = credit({**accounts, day: row.account}, day, terms=terms)
    if not missing.within(left):
        return Short(missing, left)
    return _held(submission, row, row.account.grant(missing))


def changed(row: AccountRow, account: Account) -> Write:
    """The write of an account on the row that was read."""
    return Write(replace(row, account=account), new=row.version == 0)


def changes(rows: Mapping[str, AccountRow], accounts: Mapping[str, Account]) -> list[Write]:
    """The writes of accounts on the rows that were read, by day."""
    return [changed(rows[day], account) for day, account in accounts.items()]


def _held(submission: Submission, row: AccountRow, account: Account) -> Holding | Short:
    after = account.hold(submission.estimate)
    if after is None:
        return Short(submission.estimate.beyond(account.room), NOTHING)
    hold = Hold(day=account.day, left=submission.estimate, cap=submission.cap)
    return Holding(replace(submission, hold=hold, reason=None), changed(row, after))
