import json
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from benchmarks.__main__ import BENCHMARKS
from benchmarks.measurement import Figure, Report, budgets_of, exceeded, keep, median_figure, show
from quantos.errors import SettingsError


def report(*, predict_over_fit: float = 0.1, without: str = "") -> Report:
    """A forecast report that keeps every budget."""
    values = dict.fromkeys(budgets_of("forecast"), 0.001) | {"predict_over_fit": predict_over_fit}
    figures = tuple(Figure(name, value, "ratio") for name, value in values.items() if name != without)
    made_at = datetime(2026, 3, 2, tzinfo=UTC)
    return Report("forecast", "python -m benchmarks forecast -n 5", "calls", figures, made_at)


def test_every_benchmark_has_budgets_that_say_where_they_came_from() -> None:
    for name in BENCHMARKS:
        assert all(budget.limit > 0 and budget.unit and budget.source for budget in budgets_of(name).values())


def test_a_benchmark_without_budgets_is_an_error() -> None:
    with pytest.raises(SettingsError, match="no budgets for nothing"):
        budgets_of("nothing")


@pytest.mark.parametrize(("value", "kept"), [(0.2, True), (0.2001, False)])
def test_a_budget_is_kept_up_to_its_limit(value: float, kept: bool) -> None:
    assert (exceeded(report(predict_over_fit=value)) == []) is kept


def test_a_figure_that_was_not_measured_is_over_budget() -> None:
    assert exceeded(report(without="predict_over_fit")) == ["predict_over_fit was not measured"]


def test_a_median_keeps_its_samples() -> None:
    assert median_figure("fit_ms", [3.0, 1.0, 2.0], unit="ms") == Figure("fit_ms", 2.0, "ms", (3.0, 1.0, 2.0))


def test_what_is_shown_names_the_command_and_marks_what_is_over() -> None:
    page = StringIO()
    show(report(predict_over_fit=0.9), Console(file=page, width=120))
    text = page.getvalue()
    assert "python -m benchmarks forecast -n 5" in text
    assert text.count("over") == 1 + text.count("_over_")


def test_what_is_kept_is_json_with_the_verdict(tmp_path: Path) -> None:
    kept = json.loads(keep(report(predict_over_fit=0.9), tmp_path).read_text(encoding="utf-8"))
    assert kept["exceeded"] == ["predict_over_fit is 0.9, its budget is 0.2"]
    assert kept["budgets"]["predict_over_fit"]["limit"] == 0.2
