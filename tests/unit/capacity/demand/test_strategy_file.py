"""Strategies as a trader hands them in: refused with everything that is wrong, or taken and told what to know."""

from datetime import date
from pathlib import Path

import pytest

from quantos.capacity.demand.strategy_file import StrategyFile, read_strategies
from quantos.contracts.strategy import ExchangeSession, Session
from quantos.errors import SettingsError
from tests.support.demand_cases import NODE

GOLDEN = Path(__file__).resolve().parents[3] / "golden" / "settings"
POOLS = ("cpu", "cpu-spot", "memory")
TODAY = date(2026, 11, 30)
GOOD = """\
strategies:
  - name: hedging
    owner: ada
    desk: equities
    cost_centre: cc-210
    pools: [cpu]
    series: workload/hedging
    units_per_vcpu: 120.0
    service_level: {max_latency_ms: 20}
    cost: {ceiling_usd_per_hour: 6.0, budget_usd_per_day: 90.0}
    miss_cost_usd_per_unit_hour: 0.02
    priority: 50
    session: {SESSION}
"""


def read(folder: Path, text: str, *, today: date = TODAY) -> StrategyFile:
    path = folder / "strategies.yaml"
    path.write_text(text, encoding="utf-8")
    return read_strategies(path, nodes=dict.fromkeys(POOLS, NODE), today=today)


def test_a_wrong_file_tells_all_its_faults_with_line_field_and_what_is_allowed() -> None:
    with pytest.raises(SettingsError) as caught:
        read_strategies(GOLDEN / "strategies.yaml", nodes=dict.fromkeys(POOLS, NODE), today=TODAY)

    said = caught.value.what.replace(f"{GOLDEN}/", "")
    assert said == (GOLDEN / "strategies.txt").read_text(encoding="utf-8").rstrip("\n")


@pytest.mark.parametrize(
    ("session", "length_hours"),
    [
        ('{opens: "09:30", closes: "16:00"}', 6.5),
        ('{opens: "17:00", closes: "16:00"}', 23),
        ('{opens: "09:30", closes: "00:00"}', 14.5),
        ('{opens: "00:00", closes: "00:00"}', 24),
    ],
)
def test_a_session_may_run_past_midnight(tmp_path: Path, session: str, length_hours: float) -> None:
    (strategy,) = read(tmp_path, GOOD.replace("{SESSION}", session)).book.strategies

    assert isinstance(strategy.session, Session)
    assert strategy.session.length.total_seconds() == length_hours * 3600


@pytest.mark.parametrize(
    ("session", "field"),
    [
        ('{opens: "09:30Z", closes: "16:00"}', "session.opens"),
        ('{opens: 09:30, closes: "16:00"}', "session.opens"),
        ('{opens: "09:30", closes: 16:00}', "session.closes"),
        ('{opens: "09:30", closes: 960}', "session.closes"),
        ('{opens: "09:30", closes: "24:00"}', "session.closes"),
        ('{opens: "9:30", closes: "16:00"}', "session.opens"),
        ('{opens: "09:30", closes: "16:00", weekdays: []}', "session.weekdays"),
        ('{opens: "09:30", closes: "16:00", weekdays: [7, -1]}', "session.weekdays.0"),
        ('{opens: "09:30", closes: "16:00", weekdays: [1, 1]}', "session.weekdays"),
        ('{opens: "09:30", closes: "16:00", weekdays: [true]}', "session.weekdays.0"),
        ("{calendar: XNYC}", "session.calendar"),
        ("{calendar: ASEX}", "session.calendar"),
        ("{calendar: XNYS, weekdays: [1]}", "session.weekdays"),
    ],
)
def test_a_session_that_cannot_be_meant_is_refused_by_its_field(tmp_path: Path, session: str, field: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read(tmp_path, GOOD.replace("{SESSION}", session))

    (line,) = [line for line in caught.value.what.splitlines() if f"strategies.0.{field}:" in line]
    assert ": line 13, column " in line


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("miss_cost_usd_per_unit_hour: 0.02", "miss_cost_usd_per_unit_hour: 1e300", "miss_cost_usd_per_unit_hour"),
        ("miss_cost_usd_per_unit_hour: 0.02", "miss_cost_usd_per_unit_hour: 1e9", "strategies.0: miss_cost_usd"),
        ("units_per_vcpu: 120.0", "units_per_vcpu: .inf", "units_per_vcpu"),
        ("units_per_vcpu: 120.0", "units_per_vcpu: 1e-300", "units_per_vcpu"),
        ("ceiling_usd_per_hour: 6.0", "ceiling_usd_per_hour: .nan", "cost.ceiling_usd_per_hour"),
        ("priority: 50", "priority: 50\n    priority: 60", "strategies.0.priority: key 'priority' stands twice"),
        ("pools: [cpu]", "pools: [cpuu]", "strategies.0.pools.0: no pool is called cpuu; did you mean cpu?"),
        ("owner: ada", "owner: &me ada", "&me is not read here"),
    ],
)
def test_absurd_or_hidden_values_are_refused_by_their_field(tmp_path: Path, old: str, new: str, field: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read(tmp_path, GOOD.replace(old, new).replace("{SESSION}", "{calendar: XNYS}"))

    assert field in caught.value.what


def test_two_strategies_of_one_name_are_told_at_the_second(tmp_path: Path) -> None:
    text = GOOD.replace("{SESSION}", "{calendar: XNYS}")

    with pytest.raises(SettingsError, match=r"line 14, column 5: strategies.1.name: hedging is also the name of"):
        read(tmp_path, text + text.removeprefix("strategies:\n"))


def test_a_calendar_whose_holidays_end_is_taken_and_told(tmp_path: Path) -> None:
    stated = read(tmp_path, GOOD.replace("{SESSION}", "{calendar: XSHG}"), today=date(2026, 12, 15))

    assert stated.book.strategies[0].session == ExchangeSession(calendar="XSHG")
    assert "hedging: holidays of its exchange are recorded until 2026-12-31" in stated.notes[0]
    assert not read(tmp_path, GOOD.replace("{SESSION}", "{calendar: XNYS}")).notes


def test_gpus_that_no_named_pool_has_are_refused_with_line_and_field(tmp_path: Path) -> None:
    text = GOOD.replace("pools: [cpu]", "pools: [cpu, memory]\n    resources: {vcpu: 2, gpus: 1}").replace(
        "{SESSION}", "null"
    )

    with pytest.raises(SettingsError) as caught:
        read(tmp_path, text)

    assert (
        "line 6, column 5: strategies.0.pools: hedging asks for GPUs, and no node of cpu or memory has any; no pool"
        in (caught.value.what)
    )


@pytest.mark.parametrize(
    "asked", ["resources: {vcpu: 1, memory_gib: 2000}", "service: {mean_ms: 3, server: {vcpu: 1, memory_gib: 2000}}"]
)
def test_a_pod_that_no_node_holds_is_refused_whichever_way_it_is_stated(tmp_path: Path, asked: str) -> None:
    text = GOOD.replace("pools: [cpu]", f"pools: [cpu]\n    {asked}").replace("{SESSION}", "null")

    with pytest.raises(SettingsError, match="no node of cpu holds one pod of hedging"):
        read(tmp_path, text)


def test_a_pod_that_is_stated_twice_is_refused_with_its_field(tmp_path: Path) -> None:
    twice = "resources: {vcpu: 2}\n    service: {mean_ms: 3, server: {vcpu: 1}}"

    with pytest.raises(SettingsError, match=r"strategies\.0\.resources: says what a pod asks for"):
        read(tmp_path, GOOD.replace("pools: [cpu]", f"pools: [cpu]\n    {twice}").replace("{SESSION}", "null"))
