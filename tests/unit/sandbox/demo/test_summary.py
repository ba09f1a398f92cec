import json
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console

from sandbox.demo.summary import summary_document, summary_table, write_summary
from tests.support.demo_results import BINS, demo_result, empty_result, troubled_result


def test_the_figures_add_up():
    result = demo_result()
    document: dict[str, Any] = summary_document(result)
    assert document["plans"] == sum(document["plans_by_outcome"].values()) == BINS
    assert document["total_seconds"] == pytest.approx(sum(stage["seconds"] for stage in document["stages"]))
    assert [stage["name"] for stage in document["stages"]] == [stage.name for stage in result.stages]
    assert sum(document["forecast_models"].values()) == BINS
    known = [row.demand_vcpu for row in result.bins if row.demand_vcpu is not None]
    assert document["demand_vcpu_hours"] == pytest.approx(sum(known) / 12, abs=1e-3)


def test_it_says_what_lead_time_was_planned_with():
    document = summary_document(demo_result())["node_lead_time"]
    assert document["last_planned"] == {"seconds": 506.3, "observations": 37, "source": "measured"}
    assert document["drawn_from"] == {"median_seconds": 180, "p95_seconds": 480}


def test_each_way_is_set_against_the_static_one():
    document: dict[str, Any] = summary_document(demo_result())
    sizing = document["sizing"]
    assert set(sizing) == {"quantos", "static peak", "reactive"}
    static = sizing["static peak"]
    assert static["cost_against_static"] == 0
    for way in sizing.values():
        assert way["usd_per_hour"] == pytest.approx(static["usd_per_hour"] * (1 + way["cost_against_static"]), rel=1e-3)
        missing = way["missing_share_of_demand"] * document["demand_vcpu_hours"]
        assert way["missing_vcpu_hours"] == pytest.approx(missing, abs=0.01)


def test_what_did_not_hold_is_in_the_document():
    document = summary_document(troubled_result())
    assert len(document["problems"]) == 4
    assert not document["node_groups"]["cpu"]["agrees"]
    assert document["node_groups"]["cpu"]["planned"] != document["node_groups"]["cpu"]["read_back"]
    assert not document["audit"]["verified"]
    assert len(document["drift"]) == 2
    assert document["autoscaler"]["lowered_by_a_resize"] == 2


def test_a_run_without_bins_is_summed_up_and_not_passed():
    document = summary_document(empty_result())
    assert document["first_bin"] is None
    assert document["sizing"] == {}
    assert document["problems"] == ["no node group was read back", "the audit chain has no links"]


def test_the_file_holds_the_document(tmp_path):
    path = write_summary(demo_result(), tmp_path / "out")
    assert path.name == "summary.json"
    assert json.loads(path.read_text(encoding="utf-8")) == summary_document(demo_result())


@pytest.mark.parametrize("result", [demo_result(), troubled_result(), empty_result()])
def test_the_terminal_table_says_how_it_ended(result):
    console = Console(width=110)
    with console.capture() as capture:
        console.print(summary_table(result))
    text = " ".join(capture.get().split())
    assert ("Not everything held" in text) == (result != demo_result())
    assert len(capture.get().splitlines()) <= 22


def test_text_of_a_run_is_no_terminal_markup():
    console = Console(width=200)
    with console.capture() as capture:
        console.print(summary_table(replace(demo_result(), audit_problem="link [red]7[/red] is missing")))
    assert "link [red]7[/red] is missing" in capture.get()
