"""What a team may use on a UTC day, and what became of it: held, drawn, settled, owed.

On every account `held + drawn + settled + owed <= budget + debt`, of each resource. A submission holds once; attempts
of its nodes draw parts of the hold, and settle what they used. What is used beyond the hold and the day's room is debt,
which following days owe.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final, Self

from quantos.orchestration.ledger.amounts import NOTHING, Amount

DAYS_OWING: Final = 7
"""A debt is spread over so many days that have room; the last owes the rest, whatever room it has."""


@dataclass(frozen=True, kw_only=True)
class Account:
    """One team's on one UTC day.

    Attributes:
        day: as `2026-11-20`.
        budget: the team's for a day, and the burst that was granted for this one.
        burst: so much of the budget was paid from the team's credit.
        owed: part of the budget that was used before this day.
        held: by submissions that may run.
        drawn: by attempts that run.
        settled: used.
        debt: used beyond what there was.
    """

    team: str
    day: str
    budget: Amount
    burst: Amount = NOTHING
    owed: Amount = NOTHING
    held: Amount = NOTHING
    drawn: Amount = NOTHING
    settled: Amount = NOTHING
    debt: Amount = NOTHING

    @property
    def room(self) -> Amount:
        """What can still be held."""
        return (self.budget + self.debt).beyond(self.owed + self.held + self.drawn + self.settled)

    def grant(self, amount: Amount) -> Self:
        """With so much more to use, paid from the team's credit."""
        return replace(self, budget=self.budget + amount, burst=self.burst + amount)

    def revoke(self, amount: Amount) -> Self:
        """With so much of what was granted given back to the team's credit, as far as nobody holds or used it."""
        back = amount.least(self.burst).least(self.room)
        return replace(self, budget=self.budget - back, burst=self.burst - back)

    def hold(self, amount: Amount) -> Self | None:
        """With an amount held; None where there is no room for it."""
        return replace(self, held=self.held + amount) if amount.within(self.room) else None

    def release(self, amount: Amount) -> Self:
        """With what was held free again."""
        return replace(self, held=self.held - amount)

    def draw(self, amount: Amount) -> Self:
        """With a part of what is held drawn."""
        return replace(self, held=self.held - amount, drawn=self.drawn + amount)

    def owe(self, amount: Amount, *, last: bool) -> tuple[Self, Amount]:
        """With a debt of another day owed here as far as there is room, and the rest; on the last day all of it."""
        here = amount if last else amount.least(self.room)
        over = here.beyond(self.room)
        return replace(self, owed=self.owed + here, debt=self.debt + over), amount - here


@dataclass(frozen=True, kw_only=True)
class Hold:
    """A submission's.

    Attributes:
        day: of the account that it is on.
        left: still held: neither drawn nor used.
        cap: what all attempts together may use before their use is debt: the run's greatest length.
        used: settled so far, by whatever day.
    """

    day: str
    left: Amount
    cap: Amount
    used: Amount = NOTHING

    def draw(self, wanted: Amount) -> tuple[Self, Amount]:
        """With a part drawn, and that part: what is wanted, as far as it is left."""
        part = wanted.least(self.left)
        return replace(self, left=self.left - part), part


@dataclass(frozen=True)
class Settlement:
    """A hold and the accounts that are changed by a settlement, by day."""

    hold: Hold
    accounts: Mapping[str, Account]


def settle(hold: Hold, accounts: Mapping[str, Account], *, drawn: Amount, used: Mapping[str, Amount]) -> Settlement:
    """End an attempt: its draw comes back to the hold, and what it used on each day is paid from what there is.

    On the hold's day the hold pays first, then the day's room up to the cap, and the rest is debt. Other days pay from
    their room. `accounts` has those of the hold's day, of the days of use, and of `days_after` each of these.
    """
    book = dict(accounts)
    home = book[hold.day]
    book[hold.day] = replace(home, drawn=home.drawn - drawn, held=home.held + drawn)
    hold = replace(hold, left=hold.left + drawn)
    for day, amount in used.items():
        hold = _pay(hold, book, day=day, amount=amount)
    return Settlement(hold, {day: account for day, account in book.items() if account != accounts[day]})


def _pay(hold: Hold, book: dict[str, Account], *, day: str, amount: Amount) -> Hold:
    account = book[day]
    of_hold = amount.least(hold.left) if day == hold.day else NOTHING
    allowed = hold.cap.beyond(hold.used + of_hold)
    of_room = (amount - of_hold).least(account.room).least(allowed)
    debt = amount - of_hold - of_room
    held, settled = account.held - of_hold, account.settled + amount
    book[day] = replace(account, held=held, settled=settled, debt=account.debt + debt)
    after = days_after(day)
    for number, later in enumerate(after):
        if debt == NOTHING:
            break
        book[later], debt = book[later].owe(debt, last=number == len(after) - 1)
    return replace(hold, left=hold.left - of_hold, used=hold.used + amount)


def days_after(day: str) -> tuple[str, ...]:
    """The days that owe what was used on a day beyond what there was."""
    first = date.fromisoformat(day)
    return tuple((first + timedelta(days=number)).isoformat() for number in range(1, DAYS_OWING + 1))


def days_of(hold: Hold, days: Iterable[str]) -> tuple[str, ...]:
    """The days whose accounts a settlement of use on some days may change, in order."""
    of_use = {hold.day, *days}
    return tuple(sorted({*of_use, *(later for day in of_use for later in days_after(day))}))
