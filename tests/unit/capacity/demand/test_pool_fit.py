import json
from dataclasses import replace

import pytest

from quantos.capacity.demand.pool_fit import PoolFit, dumped, loaded
from quantos.contracts.demand import RejectedModel
from quantos.contracts.plan import Coverage
from quantos.errors import ForecastError
from quantos.forecasting.evaluation.decision_loss import CapacityEconomics
from quantos.forecasting.peak_model import FittedModel

PLAIN = FittedModel(
    levels=(0.5, 0.9),
    terms=CapacityEconomics(lead_bins=1, hold_bins=0, node_size=2.0, miss_cost=66.0),
    bin_seconds=300,
    horizon_bins=2,
    degraded="history too short: nothing was known",
    scarce={"signal/volume": "known on 3 of 7 days"},
    refused=(RejectedModel(model="with signal/news-count", score=1.5, reason="no less decision loss"),),
)
COVERAGE = Coverage(days=0, bins=0, held_bins=0, node_held_bins=0, reason="nothing could be learnt yet")


def test_what_is_stored_reads_as_it_was_the_model_without_signals_included():
    fit = PoolFit(replace(PLAIN, scarce={}, plain=PLAIN), COVERAGE, "schedule")

    assert loaded(dumped(fit)) == fit


def test_a_fit_of_before_signals_is_read():
    document = json.loads(dumped(PoolFit(replace(PLAIN, scarce={}, refused=()), COVERAGE, "decision")))
    for name in ("plain", "scarce", "refused"):
        del document[name]

    assert loaded(json.dumps(document).encode()).model == replace(PLAIN, scarce={}, refused=())


def test_what_is_no_fit_is_refused():
    with pytest.raises(ForecastError, match="no stored fit"):
        loaded(b"{}")
