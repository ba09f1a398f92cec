"""Which fit serves on a day; nothing here learns, unless a test says so."""

from dataclasses import dataclass, field, replace
from datetime import date, time, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantos.capacity.demand import fit_repository
from quantos.capacity.demand.fit_repository import DailyFits, Question, ServingFit
from quantos.capacity.demand.pool_fit import loaded
from quantos.contracts.strategy import CostLimits, ServiceLevel, Session
from quantos.forecasting.demand_window import DemandWindow
from quantos.forecasting.peak_model import FittedModel
from tests.support.capacity_fakes import FakeFits
from tests.support.demand_cases import make_strategy
from tests.support.fit_cases import DAY, HISTORY_DAYS, make_fit, make_question, other_questions

QUESTION = make_question()
OTHERS = other_questions(Session(opens=time(8), closes=time(18)))
YESTERDAY = DAY - timedelta(days=1)


class NothingStoredError(Exception):
    """Demand was asked for, which only learning does."""


def unread() -> DemandWindow:
    raise NothingStoredError


def never(_: date) -> bool:
    return False


@dataclass
class Shelf:
    """A store and a process in front of it."""

    store: FakeFits = field(default_factory=FakeFits)

    def __post_init__(self) -> None:
        self.fits = DailyFits(self.store, HISTORY_DAYS)

    def put(self, day: date, *, question: Question = QUESTION, mark: int = 0, content: bytes | None = None) -> None:
        self.store.put(question.key(day), content or make_fit(question, mark=mark))

    def serving(self, day: date = DAY, *, question: Question = QUESTION) -> ServingFit:
        return self.fits.serving(question, day, window=unread, corrected=never, keep=True)


def idle_window() -> DemandWindow:
    """Demand that has never been known: learnt from in no time."""
    return DemandWindow(values=np.full(288, np.nan), opened=np.ones(291, dtype=np.bool_), bin_seconds=300)


def test_the_fit_of_the_day_serves_without_a_word():
    shelf = Shelf()
    shelf.put(YESTERDAY, mark=1)
    shelf.put(DAY, mark=2)

    found = shelf.serving()

    assert (found.day, found.fit.coverage.held_bins, found.caveat(DAY)) == (DAY, 2, None)


def test_until_it_is_there_the_latest_before_serves_and_says_so():
    shelf = Shelf()
    for back in (9, 3, 5):
        shelf.put(DAY - timedelta(days=back), mark=back)

    found = shelf.serving()

    assert found.fit.coverage.held_bins == 3
    assert found.caveat(DAY) == "the fit of 2026-11-18 serves, since today's is not learnt yet"


def test_the_fit_of_the_day_takes_over_in_a_process_that_has_an_older_one():
    shelf = Shelf()
    shelf.put(YESTERDAY, mark=1)
    before = shelf.serving()
    shelf.put(DAY, mark=2)

    assert [before.day, shelf.serving().day] == [YESTERDAY, DAY]


def test_the_store_is_searched_once_a_day_however_often_is_decided():
    shelf = Shelf()
    shelf.put(DAY - timedelta(days=3))
    for _ in range(288):
        shelf.serving()
    assert shelf.store.listings == 1
    shelf.put(YESTERDAY)
    assert shelf.serving(DAY + timedelta(days=1)).day == YESTERDAY
    assert shelf.store.listings == 2


def test_one_that_cannot_be_read_is_passed_over():
    shelf = Shelf()
    shelf.put(DAY - timedelta(days=2), mark=2)
    shelf.put(YESTERDAY, content=b"{}")
    shelf.put(DAY, content=b"not JSON")

    assert shelf.serving().fit.coverage.held_bins == 2


def test_one_older_than_the_history_does_not_serve():
    shelf = Shelf()
    shelf.put(DAY - timedelta(days=HISTORY_DAYS + 1))
    with pytest.raises(NothingStoredError):
        shelf.serving()
    shelf.put(DAY - timedelta(days=HISTORY_DAYS))
    assert shelf.serving().day == DAY - timedelta(days=HISTORY_DAYS)


def test_where_nothing_is_stored_the_decision_learns_and_every_process_says_so():
    shelf = Shelf()
    first = shelf.fits.serving(QUESTION, DAY, window=idle_window, corrected=never, keep=True)

    assert first.caveat(DAY) == "learnt by a decision, since no fit of this demand was stored"
    assert Shelf(shelf.store).serving() == first
    assert shelf.fits.learn(QUESTION, DAY, window=unread, corrected=never) is False


def test_learning_twice_learns_once_and_makes_anew_what_cannot_be_read():
    shelf = Shelf()
    assert shelf.fits.learn(QUESTION, DAY, window=idle_window, corrected=never) is True
    sound = dict(shelf.store.kept)
    assert shelf.fits.learn(QUESTION, DAY, window=unread, corrected=never) is False
    shelf.put(DAY, content=b"{}")
    assert shelf.fits.learn(QUESTION, DAY, window=idle_window, corrected=never) is True
    assert shelf.store.kept == sound
    assert loaded(sound[QUESTION.key(DAY)]).learnt_by == "schedule"


def test_what_nothing_is_learnt_from_is_no_other_question():
    strategy = make_strategy()
    changed = strategy.model_copy(
        update={
            "owner": "grace",
            "priority": 90,
            "cost": CostLimits(ceiling_usd_per_hour=1, budget_usd_per_day=2),
            "service_level": ServiceLevel(max_latency_ms=1.0, min_throughput_units=900.0),
        }
    )
    assert make_question(strategy=changed).key(DAY) == QUESTION.key(DAY)


def test_everything_else_is_another_question():
    keys = {(one.key(DAY).pools, one.key(DAY).question) for one in (QUESTION, *OTHERS)}
    assert len(keys) == len(OTHERS) + 1


@given(data=st.data())
def test_a_stored_fit_of_another_question_never_serves_nor_one_of_a_later_day(data: st.DataObject):
    places = st.tuples(st.integers(0, len(OTHERS)), st.integers(-50, 3))
    stored = data.draw(st.lists(places, unique=True, max_size=12))
    shelf, questions = Shelf(), (QUESTION, *OTHERS)
    for mark, (which, days) in enumerate(stored):
        shelf.put(DAY + timedelta(days=days), question=questions[which], mark=mark)

    asked = data.draw(st.lists(st.integers(0, len(OTHERS)), min_size=1, max_size=4))

    for which in asked:
        usable = {days: mark for mark, (one, days) in enumerate(stored) if one == which and -HISTORY_DAYS <= days <= 0}
        if usable:
            assert shelf.serving(question=questions[which]).fit.coverage.held_bins == usable[max(usable)]
        else:
            with pytest.raises(NothingStoredError):
                shelf.serving(question=questions[which])


def test_a_fit_made_ahead_is_what_is_read_back():
    made = DailyFits(FakeFits(), HISTORY_DAYS).made(
        QUESTION, DAY, window=idle_window(), corrected=never, learnt_by="schedule"
    )
    shelf = Shelf()
    shelf.fits.learn(QUESTION, DAY, window=idle_window, corrected=never)
    assert shelf.serving() == made


def test_how_long_measured_demand_is_held_is_no_other_question():
    question = make_question()
    longer = replace(question, terms=replace(question.terms, measured_bins=4))

    assert longer.key(DAY) == question.key(DAY)


def test_a_fit_does_not_go_on_from_one_that_was_learnt_from_what_was_corrected_since(monkeypatch: pytest.MonkeyPatch):
    went_on_from: list[object] = []
    learnt = fit_repository.fit

    def watched(*demand: DemandWindow, previous: FittedModel | None, **terms: object) -> FittedModel:
        went_on_from.append(previous)
        return learnt(*demand, previous=previous, **terms)

    monkeypatch.setattr(fit_repository, "fit", watched)
    asked: list[date] = []
    for corrected in (False, True):
        shelf = Shelf()
        shelf.put(YESTERDAY)
        shelf.fits.learn(
            QUESTION, DAY, window=idle_window, corrected=lambda day, said=corrected: asked.append(day) or said
        )

    assert asked == [YESTERDAY, YESTERDAY]
    assert [previous is None for previous in went_on_from] == [False, True]
