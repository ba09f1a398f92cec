import pytest
from pydantic import ValidationError

from quantos.contracts.strategy import Strategy
from tests.support.demand_cases import make_strategy


def test_signals_are_sorted_and_survive():
    strategy = make_strategy(signals=("signal/volume", "signal/news-count"))

    assert strategy.signals == ("signal/news-count", "signal/volume")
    assert Strategy.model_validate_json(strategy.to_json()) == strategy


def test_without_signals_the_document_is_that_of_earlier_releases():
    assert b"signals" not in make_strategy().to_json()


@pytest.mark.parametrize(
    ("signals", "said"),
    [
        pytest.param(("signal/x", "signal/x"), "signals is named twice", id="twice"),
        pytest.param(("workload/orders",), "signals.0", id="demand"),
        pytest.param(("signal/",), "signals.0", id="nameless"),
    ],
)
def test_what_is_no_signal_is_refused(signals: tuple[str, ...], said: str):
    with pytest.raises(ValidationError, match=said):
        make_strategy(signals=signals)
