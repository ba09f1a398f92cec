"""Credit is a share of what days leave, capped, spent oldest first, and gone when it expires."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from quantos.orchestration.ledger.accounts import Account
from quantos.orchestration.ledger.amounts import NOTHING, Amount
from quantos.orchestration.ledger.credit import CreditTerms, credit, credit_days

TERMS = CreditTerms(share=0.5, cap=Amount(cpu_ms=100), expires_days=2)
FIRST = date(2026, 11, 1)


def day(number: int) -> str:
    return (FIRST + timedelta(days=number)).isoformat()


def account(number: int, *, used: int = 0, burst: int = 0, budget: int = 60) -> Account:
    granted = Amount(cpu_ms=burst)
    opened = Account(team="alpha", day=day(number), budget=Amount(cpu_ms=budget)).grant(granted)
    return Account(team="alpha", day=day(number), budget=opened.budget, burst=granted, settled=Amount(cpu_ms=used))


def left(*accounts: Account, on: int, terms: CreditTerms = TERMS) -> int:
    return credit({each.day: each for each in accounts}, day(on), terms=terms).cpu_ms


def test_half_of_what_a_day_leaves_is_credit_from_the_next_day_on() -> None:
    assert left(account(0, used=20), on=0) == 0
    assert left(account(0, used=20), on=1) == 20


def test_it_expires_after_the_days_that_it_lives() -> None:
    assert [left(account(0, used=20), on=number) for number in (1, 2, 3)] == [20, 20, 0]


def test_it_is_capped() -> None:
    assert left(account(0, budget=600), on=1) == 100
    assert left(account(0, budget=160), account(1, budget=160), on=2) == 100


def test_what_expires_first_is_spent_first() -> None:
    spent = [account(0), account(1), account(2, used=80, burst=20)]
    assert left(*spent, on=2) == 40
    assert left(*spent, on=3) == 30, "of the second day's all thirty are left"


def test_a_burst_that_nobody_used_gives_no_credit_of_its_own() -> None:
    assert left(account(0), account(1, used=60, burst=10), on=2) == 20


def test_a_day_that_nobody_used_gives_none() -> None:
    assert left(on=3) == 0


@given(st.lists(st.tuples(st.integers(0, 80), st.integers(0, 40)), min_size=1, max_size=12))
def test_what_was_spent_and_what_is_left_is_never_more_than_was_granted(days: list[tuple[int, int]]) -> None:
    accounts: dict[str, Account] = {}
    spent = granted = 0
    for number, (used, wanted) in enumerate(days):
        burst = min(wanted, credit(accounts, day(number), terms=TERMS).cpu_ms)
        accounts[day(number)] = account(number, used=min(used, 60 + burst), burst=burst)
        spent += burst
        granted += max(0, 60 + burst - min(used, 60 + burst) - burst) // 2
    assert spent + credit(accounts, day(len(days)), terms=TERMS).cpu_ms <= granted
    assert credit(accounts, day(len(days)), terms=TERMS).within(TERMS.cap)
    assert credit(accounts, day(len(days) + 9), terms=TERMS) == NOTHING


def test_the_days_that_tell_it_are_twice_those_that_it_lives() -> None:
    assert credit_days(day(4), terms=TERMS) == tuple(day(number) for number in range(5))
