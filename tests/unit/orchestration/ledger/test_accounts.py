"""A ledger that comes out even, whatever is asked of it."""

from dataclasses import replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from quantos.orchestration.ledger.accounts import Account, Hold, days_after, days_of, settle
from quantos.orchestration.ledger.amounts import NOTHING, Amount

TODAY, TOMORROW = "2026-11-20", "2026-11-21"
BUDGET = Amount(cpu_ms=100, gpu_ms=10, io_bytes=1000)


def amounts(most: Amount) -> st.SearchStrategy[Amount]:
    return st.builds(
        Amount,
        cpu_ms=st.integers(0, most.cpu_ms),
        gpu_ms=st.integers(0, most.gpu_ms),
        io_bytes=st.integers(0, most.io_bytes),
    )


def accounts(**fields: Amount) -> dict[str, Account]:
    days = days_of(Hold(day=TODAY, left=NOTHING, cap=NOTHING), [TODAY, TOMORROW])
    book = {day: Account(team="alpha", day=day, budget=BUDGET) for day in days}
    return {**book, TODAY: replace(book[TODAY], **fields)}


def test_what_fits_is_held_and_what_does_not_is_not() -> None:
    account = accounts()[TODAY].hold(Amount(cpu_ms=60))
    assert account is not None
    assert account.room == Amount(cpu_ms=40, gpu_ms=10, io_bytes=1000)
    assert account.hold(Amount(cpu_ms=41)) is None
    assert account.hold(Amount(cpu_ms=40)) is not None
    assert account.hold(Amount(cpu_ms=1, gpu_ms=11)) is None


def test_an_early_end_comes_back_to_the_hold() -> None:
    book = accounts(drawn=Amount(cpu_ms=60))
    hold = Hold(day=TODAY, left=NOTHING, cap=Amount(cpu_ms=90))
    after = settle(hold, book, drawn=Amount(cpu_ms=60), used={TODAY: Amount(cpu_ms=25)})
    assert after.hold.left == Amount(cpu_ms=35)
    assert after.hold.used == Amount(cpu_ms=25)
    assert after.accounts == {
        TODAY: replace(book[TODAY], drawn=NOTHING, held=Amount(cpu_ms=35), settled=Amount(cpu_ms=25))
    }


def test_use_beyond_the_hold_takes_room_up_to_the_cap_and_the_rest_is_owed_tomorrow() -> None:
    book = accounts(drawn=Amount(cpu_ms=20))
    hold = Hold(day=TODAY, left=NOTHING, cap=Amount(cpu_ms=50))
    after = settle(hold, book, drawn=Amount(cpu_ms=20), used={TODAY: Amount(cpu_ms=70)})
    assert after.accounts[TODAY].debt == Amount(cpu_ms=20)
    assert after.accounts[TOMORROW].owed == Amount(cpu_ms=20)
    assert after.accounts[TOMORROW].room == Amount(cpu_ms=80, gpu_ms=10, io_bytes=1000)


def test_use_after_midnight_is_charged_to_the_day_it_falls_in() -> None:
    book = accounts(drawn=Amount(cpu_ms=60))
    hold = Hold(day=TODAY, left=NOTHING, cap=Amount(cpu_ms=60))
    used = {TODAY: Amount(cpu_ms=10), TOMORROW: Amount(cpu_ms=30)}
    after = settle(hold, book, drawn=Amount(cpu_ms=60), used=used)
    assert [after.accounts[day].settled for day in (TODAY, TOMORROW)] == [Amount(cpu_ms=10), Amount(cpu_ms=30)]
    assert after.accounts[TODAY].debt == after.accounts[TOMORROW].debt == NOTHING
    assert after.hold.left == Amount(cpu_ms=50)


def test_what_no_day_has_room_for_stays_with_the_last() -> None:
    book = accounts()
    hold = Hold(day=TODAY, left=NOTHING, cap=NOTHING)
    after = settle(hold, book, drawn=NOTHING, used={TODAY: Amount(cpu_ms=1000)})
    later = [after.accounts[day] for day in days_after(TODAY)]
    assert [account.owed.cpu_ms for account in later] == [100, 100, 100, 100, 100, 100, 400]
    assert later[-1].debt == Amount(cpu_ms=300)


class Ledger(RuleBasedStateMachine):
    """Submissions of one team that hold, draw, use whatever they like on two days, and end."""

    def __init__(self) -> None:
        super().__init__()
        self.book = accounts()
        self.holds: dict[int, Hold] = {}
        self.draws: dict[int, list[Amount]] = {}
        self.used = NOTHING

    @rule(day=st.sampled_from([TODAY, TOMORROW]), amount=amounts(Amount(cpu_ms=60, gpu_ms=6, io_bytes=600)))
    def submit(self, day: str, amount: Amount) -> None:
        account = self.book[day].hold(amount)
        if account is not None:
            self.book[day] = account
            number = len(self.draws)
            self.holds[number] = Hold(day=day, left=amount, cap=amount + amount)
            self.draws[number] = []

    @precondition(lambda self: self.holds)
    @rule(data=st.data(), amount=amounts(BUDGET))
    def start(self, data: st.DataObject, amount: Amount) -> None:
        number = data.draw(st.sampled_from(sorted(self.holds)))
        hold, part = self.holds[number].draw(amount)
        self.holds[number] = hold
        self.book[hold.day] = self.book[hold.day].draw(part)
        self.draws[number].append(part)

    @precondition(lambda self: any(self.draws.values()))
    @rule(data=st.data(), today=amounts(BUDGET + BUDGET), tomorrow=amounts(BUDGET))
    def finish(self, data: st.DataObject, today: Amount, tomorrow: Amount) -> None:
        number = data.draw(st.sampled_from(sorted(number for number, parts in self.draws.items() if parts)))
        drawn = self.draws[number].pop()
        after = settle(self.holds[number], self.book, drawn=drawn, used={TODAY: today, TOMORROW: tomorrow})
        self.holds[number] = after.hold
        self.book |= after.accounts
        self.used += today + tomorrow

    @precondition(lambda self: any(not self.draws[number] for number in self.holds))
    @rule(data=st.data())
    def end(self, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from(sorted(number for number in self.holds if not self.draws[number])))
        hold = self.holds.pop(number)
        self.book[hold.day] = self.book[hold.day].release(hold.left)

    @invariant()
    def no_account_is_overdrawn(self) -> None:
        for account in self.book.values():
            taken = account.owed + account.held + account.drawn + account.settled
            assert taken.within(account.budget + account.debt)
            assert all(
                part.beyond(NOTHING) == part
                for part in (account.owed, account.held, account.drawn, account.settled, account.debt)
            )

    @invariant()
    def accounts_say_what_submissions_do(self) -> None:
        for day, account in self.book.items():
            holds = [number for number, hold in self.holds.items() if hold.day == day]
            assert account.held == sum((self.holds[number].left for number in holds), NOTHING)
            assert account.drawn == sum((part for number in holds for part in self.draws[number]), NOTHING)

    @invariant()
    def nothing_that_was_used_is_lost(self) -> None:
        assert sum((account.settled for account in self.book.values()), NOTHING) == self.used


TestLedger = Ledger.TestCase
TestLedger.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
