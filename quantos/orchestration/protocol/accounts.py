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
    """A submission that holds what it needs, with the writes of the accounts that it holds and held it on."""

    submission: Submission
    accounts: list[Write]


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
    """A submission with its hold on a day's account: all that it needs, or what is left of another day's hold.

    Where the day has no room, credit pays what is missing of urgent work, and of what was `granted`.
    """
    hold = submission.hold
    days = [day] if hold is None else [hold.day, day]
    rows = yield from load_accounts(submission.run.team, days, opened=rules.opened)
    before: dict[str, Account] = {}
    if hold is None:
        hold = Hold(day=day, left=submission.estimate, cap=submission.cap)
    else:
        before[hold.day] = rows[hold.day].account.release(hold.left).revoke(hold.left)
    account = before.get(day, rows[day].account)
    missing = hold.left.beyond(account.room)
    if missing != NOTHING:
        if not granted and submission.terms.priority != "high":
            return Short(missing, NOTHING)
        left = yield from _credit(submission.run.team, day, {**before, day: account}, rules=rules)
        if not missing.within(left):
            return Short(missing, left)
        account = account.grant(missing)
    held = account.hold(hold.left)
    if held is None:
        return Short(hold.left.beyond(account.room), NOTHING)
    begun = replace(submission, hold=replace(hold, day=day), reason=None)
    return Holding(begun, changes(rows, {**before, day: held}))


def _credit(team: str, day: str, known: Mapping[str, Account], *, rules: Rules) -> Steps[Amount]:
    """A team's credit on a day, some of whose accounts are `known`."""
    terms = rules.credit(team)
    earlier = credit_days(day, terms=terms)[:-1]
    rows = yield from load_all([account_key(team, each) for each in earlier])
    accounts = {row.account.day: row.account for row in rows if isinstance(row, AccountRow)}
    return credit({**accounts, **known}, day, terms=terms)


def changed(row: AccountRow, account: Account) -> Write:
    """The write of an account on the row that was read."""
    return Write(replace(row, account=account), new=row.version == 0)


def changes(rows: Mapping[str, AccountRow], accounts: Mapping[str, Account]) -> list[Write]:
    """The writes of accounts on the rows that were read, by day."""
    return [changed(rows[day], account) for day, account in accounts.items()]
