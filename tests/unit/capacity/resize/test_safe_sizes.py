"""Sizes that are asked for are always sizes that EKS takes, whatever the autoscaler did meanwhile."""

from hypothesis import given
from hypothesis import strategies as st

from quantos.capacity.resize.ports import GroupSize
from quantos.capacity.resize.safe_sizes import safe_sizes
from quantos.contracts.plan import PoolSize


@st.composite
def wanted(draw: st.DrawFn) -> PoolSize:
    floor = draw(st.integers(0, 30))
    return PoolSize(floor=floor, ceiling=draw(st.integers(max(floor, 1), 60)))


@st.composite
def standing(draw: st.DrawFn) -> GroupSize:
    minimum = draw(st.integers(0, 30))
    desired = draw(st.integers(minimum, 60))
    return GroupSize(minimum=minimum, maximum=draw(st.integers(max(desired, 1), 90)), desired=desired)


@given(st.dictionaries(st.sampled_from("abc"), wanted()), st.dictionaries(st.sampled_from("abc"), standing()))
def test_eks_takes_what_is_asked_for_and_no_node_is_taken_away(sizes, actual) -> None:
    safe = safe_sizes(sizes, actual=actual)
    assert set(safe.sizes) == set(sizes)
    for pool, size in safe.sizes.items():
        assert size.floor == sizes[pool].floor
        assert size.ceiling >= sizes[pool].ceiling
        if pool in actual:
            desired = size.floor if pool in safe.raised else actual[pool].desired
            assert size.floor <= desired <= size.ceiling
            assert desired >= actual[pool].desired


@given(st.dictionaries(st.sampled_from("abc"), wanted()), st.dictionaries(st.sampled_from("abc"), standing()))
def test_what_was_asked_for_is_asked_for_again_and_nothing_is_raised_twice(sizes, actual) -> None:
    first = safe_sizes(sizes, actual=actual)
    after = {
        pool: GroupSize(
            minimum=first.sizes[pool].floor,
            maximum=first.sizes[pool].ceiling,
            desired=first.sizes[pool].floor if pool in first.raised else group.desired,
        )
        for pool, group in actual.items()
        if pool in sizes
    }
    again = safe_sizes(sizes, actual=after)
    assert again.sizes == first.sizes
    assert again.raised == ()
