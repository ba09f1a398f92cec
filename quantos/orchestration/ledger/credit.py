"""Burst credit: what a team left unused on earlier days, and may use beyond a day's budget.

A share of what a day leaves is credit from the next day on; it is capped, it expires, and what is spent first is what
expires first. Nothing is kept of it: it follows from the accounts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from quantos.orchestration.ledger.accounts import Account
from quantos.orchestration.ledger.amounts import NOTHING, Amount, share_of


@dataclass(frozen=True, kw_only=True)
class CreditTerms:
    """What becomes of what a day leaves unused.

    Attributes:
        share: of it that becomes credit.
        cap: of all credit.
        expires_days: days after its own on which it can be spent.
    """

    share: float
    cap: Amount
    expires_days: int


def credit_days(day: str, *, terms: CreditTerms) -> tuple[str, ...]:
    """The days whose accounts tell the credit of a day, in order, itself the last.

    Twice as many as credit lives: what was spent meanwhile may be credit of days before that. Credit that is older
    still is taken for spent by nobody, so that there is never more than there should be.
    """
    last = date.fromisoformat(day)
    return tuple((last - timedelta(days=number)).isoformat() for number in range(2 * terms.expires_days, -1, -1))


def credit(accounts: Mapping[str, Account], day: str, *, terms: CreditTerms) -> Amount:
    """What can be spent on a day, of accounts by day; a day that nobody used leaves nothing.

    `accounts` has those of `credit_days` on which something happened.
    """
    grants: dict[str, Amount] = {}
    for each in credit_days(day, terms=terms):
        first = (date.fromisoformat(each) - timedelta(days=terms.expires_days)).isoformat()
        grants = {granted: left for granted, left in grants.items() if granted >= first}
        account = accounts.get(each)
        if account is None:
            continue
        grants = _spent(grants, account.burst)
        if each != day:
            left = terms.cap.beyond(_total(grants))
            grants[each] = share_of(account.room.beyond(account.burst), terms.share).least(left)
    return _total(grants)


def _spent(grants: Mapping[str, Amount], amount: Amount) -> dict[str, Amount]:
    left: dict[str, Amount] = {}
    for day, grant in grants.items():
        taken = amount.least(grant)
        left[day], amount = grant - taken, amount - taken
    return left


def _total(grants: Mapping[str, Amount]) -> Amount:
    return sum(grants.values(), NOTHING)
