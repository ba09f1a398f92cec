"""Questions, and fits that answer them, made without learning."""

from datetime import date

from quantos.capacity.demand.fit_repository import Question
from quantos.capacity.demand.pool_fit import LearntBy, PoolFit, dumped
from quantos.contracts.plan import Coverage
from quantos.contracts.strategy import Session, Strategy
from quantos.environment.settings.decisions import DecisionSettings
from quantos.forecasting.evaluation.decision_loss import CapacityEconomics
from quantos.forecasting.peak_model import FittedModel
from tests.support.demand_cases import make_strategy
from tests.support.environments import make_settings

DAY = date(2026, 11, 21)
HISTORY_DAYS = 35


def make_question(
    *,
    strategy: Strategy | None = None,
    upper: float = 0.985,
    node_vcpu: float = 8.0,
    settings: DecisionSettings | None = None,
) -> Question:
    """On the pool `cpu`, a horizon of three bins."""
    chosen = strategy or make_strategy()
    return Question(
        pools=chosen.pools,
        levels=(0.5, 0.9, upper),
        terms=CapacityEconomics(lead_bins=2, hold_bins=0, node_size=node_vcpu, miss_cost=upper / (1 - upper)),
        strategies=(chosen,),
        settings=settings or make_settings().decisions,
    )


def make_fit(question: Question, *, mark: int = 0, learnt_by: LearntBy = "schedule") -> bytes:
    """A stored fit, by which the last value serves; `mark` is found again in `coverage.held_bins`."""
    model = FittedModel(levels=question.levels, terms=question.terms, bin_seconds=300, horizon_bins=3)
    coverage = Coverage(days=7, bins=1000, held_bins=mark, node_held_bins=1000)
    return dumped(PoolFit(model, coverage, learnt_by))


def other_questions(session: Session) -> tuple[Question, ...]:
    """Each differs from `make_question()` in one thing that matters to what is learnt."""
    decisions = make_settings().decisions
    return (
        make_question(upper=0.98),
        make_question(node_vcpu=4.0),
        make_question(strategy=make_strategy(series="workload/quotes")),
        make_question(strategy=make_strategy(units_per_vcpu=20.0)),
        make_question(strategy=make_strategy(session=session)),
        make_question(strategy=make_strategy().model_copy(update={"signals": ("signal/news",)})),
        make_question(strategy=make_strategy(pools=("cpu", "cpu-spot"))),
        make_question(settings=decisions.model_copy(update={"history_days": 60})),
        make_question(settings=decisions.model_copy(update={"ahead_seconds": 3600})),
    )
