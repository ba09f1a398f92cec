"""Money for pools is attributed exactly as far as any attribution has room, over all sets of pools."""

import itertools
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from quantos.allocation.attribution import Attribution, Payer

NAMES = ("a", "b", "c", "d")
cents = st.integers(0, 2000).map(lambda count: count / 100)
payers = st.lists(
    st.builds(
        Payer,
        st.sets(st.sampled_from(NAMES), min_size=1).map(lambda names: tuple(sorted(names))),
        cents,
    ),
    max_size=6,
)
charges = st.lists(st.tuples(st.sampled_from(NAMES), cents), max_size=10)


def most_that_can_be_paid(wanted: dict[str, float], book: Sequence[Payer]) -> float:
    """Minimum over all sets of pools: what those who may run on any of them have, and what the other pools ask for."""
    return min(
        sum(payer.usd_per_hour for payer in book if set(payer.pools) & set(chosen))
        + sum(usd for pool, usd in wanted.items() if pool not in chosen)
        for count in range(len(NAMES) + 1)
        for chosen in itertools.combinations(NAMES, count)
    )


@settings(deadline=None)
@given(book=payers, asked=charges)
def test_as_much_is_paid_as_any_attribution_pays(book: list[Payer], asked: list[tuple[str, float]]):
    attribution = Attribution(book)
    wanted = dict.fromkeys(NAMES, 0.0)

    unpaid = 0.0
    for pool, usd in asked:
        wanted[pool] += usd
        unpaid += attribution.charge(pool, usd)

    assert abs(sum(wanted.values()) - unpaid - most_that_can_be_paid(wanted, book)) < 1e-6


@settings(deadline=None)
@given(book=payers, asked=charges)
def test_what_is_afforded_is_paid_whole_and_what_is_not_leaves_no_trace(
    book: list[Payer], asked: list[tuple[str, float]]
):
    attribution = Attribution(book)
    held = dict.fromkeys(NAMES, 0.0)

    for pool, usd in asked:
        wanted = {**held, pool: held[pool] + usd}
        fits = abs(sum(wanted.values()) - most_that_can_be_paid(wanted, book)) < 1e-6
        afforded = attribution.affords(pool, usd)
        assert afforded == fits
        held = wanted if afforded else held


@settings(deadline=None)
@given(book=payers, asked=charges)
def test_the_pools_named_take_all_that_their_payers_have(book: list[Payer], asked: list[tuple[str, float]]):
    attribution = Attribution(book)
    taken = dict.fromkeys(NAMES, 0.0)

    for pool, usd in asked:
        unpaid = attribution.charge(pool, usd)
        taken[pool] += usd - unpaid
        if unpaid:
            bound = set(attribution.bound_with(pool))
            assert pool in bound
            able = sum(payer.usd_per_hour for payer in book if set(payer.pools) & bound)
            assert abs(sum(taken[name] for name in bound) - able) < 1e-6


def test_one_payer_moves_over_for_another_who_may_run_nowhere_else():
    attribution = Attribution([Payer(("cpu", "spot"), 6.0), Payer(("cpu",), 6.0)])

    assert attribution.charge("cpu", 6.0) == 0
    assert attribution.affords("spot", 6.0)
    assert not attribution.affords("cpu", 0.1)
    assert attribution.bound_with("cpu") == ("cpu", "spot")
