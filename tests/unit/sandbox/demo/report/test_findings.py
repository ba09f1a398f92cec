import html
import re
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser
from typing import get_args
from xml.etree import ElementTree

import pytest

from quantos.contracts.plan import OutcomeStatus, Violation
from sandbox.demo.report import render_report, write_report
from sandbox.demo.report.decision_list import decision_runs
from sandbox.demo.report.findings import headline, outcome_counts, problems
from tests.support.demo_results import BINS, EVENTS, demo_result, empty_result, troubled_result

VOID = {"meta", "br", "line", "rect", "path", "circle", "input"}
HOSTILE = "<script>alert(\"1\")</script> & 'x'"


class Outline(HTMLParser):
    """Text and elements of a page; fails on an element closed out of turn."""

    def __init__(self, page):
        super().__init__(convert_charrefs=True)
        self.open, self.texts, self.seen = [], [], Counter()
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.seen[tag] += 1
        self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        assert tag in VOID, f"{tag} may not end itself in HTML"
        self.seen[tag] += 1

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] not in {"script", "style"}:
            self.texts.append(data)

    @property
    def text(self):
        return " ".join(self.texts)


@pytest.fixture(scope="module")
def page():
    return render_report(demo_result())


@pytest.mark.parametrize("result", [demo_result(), troubled_result(), empty_result(), demo_result(bins=1)])
def test_a_page_is_well_formed(result):
    outline = Outline(render_report(result))
    assert outline.open == []
    assert outline.seen["h2"] == 5


def test_every_chart_is_well_formed_and_has_finite_coordinates(page):
    charts = re.findall(r"<svg.*?</svg>", page, flags=re.DOTALL)
    assert len(charts) == 1 + 2 + 3, "one wide, one a day, one a way of sizing"
    for chart in charts:
        for item in ElementTree.fromstring(chart).iter("path"):
            assert re.fullmatch(r"[MLHVZhvl0-9. -]+", item.attrib["d"]), item.attrib["d"][:80]


def test_every_decision_is_told_with_its_sentence_once(page):
    result, text = demo_result(), Outline(page).text
    assert len(result.decisions) == BINS
    for row in result.decisions:
        assert row.sentence in text
        assert f'datetime="{row.time.isoformat()}"' in page


def test_a_run_of_quiet_decisions_says_each_kind_of_reason_and_how_often():
    first = demo_result().decisions[0]
    waits = [f"the last resize was {minutes} minutes ago; the next may follow after 180" for minutes in (55, 60, 60)]
    reasons = [*["the pools already stand at these sizes"] * 2, *waits]
    rows = tuple(
        replace(first, status="unchanged", reason=reason, time=first.time + timedelta(minutes=5 * place))
        for place, reason in enumerate(reasons)
    )

    text = Outline(render_report(replace(demo_result(), decisions=rows))).text

    assert f"{waits[1]} (3) · the pools already stand at these sizes (2)" in text


@pytest.mark.parametrize("status", sorted({*EVENTS.values(), "unchanged"}))
def test_a_status_is_marked_in_words(page, status):
    badges = re.findall(rf'<span class="badge {status}">.*?</span>([^<]*)</span>', page)
    assert badges
    assert all(status in badge for badge in badges)


@pytest.mark.parametrize("status", sorted({*EVENTS.values()}))
def test_a_status_has_a_lane_under_the_chart(page, status):
    wide = ElementTree.fromstring(re.search(r"<svg.*?</svg>", page, flags=re.DOTALL)[0])
    (lane,) = [group for group in wide.iter("g") if group.attrib["class"] == f"lane {status}"]
    told = [title.text for title in lane.iter("title")]
    assert lane.findtext("text") == status
    assert told
    assert all(status in text for text in told)


def test_refusals_name_every_rule_and_reason(page):
    text = Outline(page).text
    for row in demo_result().decisions:
        for violation in row.violations:
            assert f"{violation.pack}/{violation.rule}" in text
            assert violation.message in text
        if row.status in {"blocked", "failed", "drift"}:
            assert row.reason in text


def test_quiet_neighbours_are_one_line_and_others_never():
    rows = demo_result().decisions
    runs = list(decision_runs(rows))
    assert [row for run in runs for row in run] == list(rows)
    assert all(len({(row.status, row.note) for row in run}) == 1 for run in runs)
    assert all(run[0].status in {"unchanged", "paused", "busy"} for run in runs if len(run) > 1)
    assert len([run for run in runs if run[0].status == "paused"]) == 1


def test_a_note_is_not_lost_in_a_run():
    rows = list(demo_result(bins=6).decisions)
    rows[3] = replace(rows[3], note="a person looked")
    assert [len(run) for run in decision_runs(rows)] == [3, 1, 2]


def test_text_of_a_run_never_becomes_markup():
    result = demo_result(bins=3)
    row = replace(
        result.decisions[0],
        status="blocked", sentence=HOSTILE, reason=HOSTILE, note=HOSTILE, plan_id=HOSTILE, floors={HOSTILE: 1},
        violations=(Violation(pack=HOSTILE, rule=HOSTILE, message=HOSTILE),),
    )  # fmt: skip
    hostile = replace(
        result, trace=HOSTILE, bus=HOSTILE, pool=HOSTILE, decisions=(row,), drift=(HOSTILE,), audit_problem=HOSTILE,
        models={HOSTILE: 3}, groups=(replace(result.groups[0], pool=HOSTILE),),
        stages=(replace(result.stages[0], name=HOSTILE),),
    )  # fmt: skip
    page = render_report(hostile)
    assert "<script>alert" not in page
    assert html.escape(HOSTILE) in page
    assert Outline(page).seen["script"] == Outline(render_report(result)).seen["script"]


def test_a_page_needs_nothing_outside_itself(page):
    assert not re.search(r"https?:|src=|href=|url\(|@import|//[a-z]", page)


def test_unknown_demand_is_a_gap(page):
    demand = re.search(r'<path d="([^"]*)" class="demand"/>', page)
    assert demand
    assert demand[1].count("M") == 3, "two days, the first cut by a feed that was silent for half an hour"
    known = sum(row.demand_vcpu is not None for row in demo_result().bins)
    assert demand[1].count("L") == known - 3


def test_what_did_not_hold_is_said_first():
    text = Outline(render_report(troubled_result())).text
    assert "Not everything held" in text
    assert len(problems(troubled_result())) == 4
    assert "link 17 does not follow link 16" in text
    assert "\u2715 differs" in text
    assert "Not everything held" not in Outline(render_report(demo_result())).text


def test_an_empty_chain_does_not_pass_for_a_whole_one():
    assert problems(replace(demo_result(bins=1), audit_links=0)) == ("the audit chain has no links",)


def test_the_headline_is_honest_when_quantos_is_worse():
    result = demo_result()
    own, static, reactive = result.ways
    dear = replace(own, usd_per_hour=static.usd_per_hour * 1.25)
    assert "25\u00a0% above a static peak" in headline(replace(result, ways=(dear, static, reactive)))
    even = replace(own, usd_per_hour=static.usd_per_hour, missing_vcpu_hours=0.0)
    assert "as much as a static peak, and missed no demand" in headline(replace(result, ways=(even, static)))
    little = replace(own, missing_vcpu_hours=1e-6)
    assert "missed under 0.01\u00a0% of demand" in headline(replace(result, ways=(little,)))


def test_the_page_is_written_where_told(tmp_path):
    path = write_report(empty_result(), tmp_path / "out" / "demo")
    assert path == tmp_path / "out" / "demo" / "report.html"
    assert path.read_text(encoding="utf-8") == render_report(empty_result())


@pytest.mark.parametrize("status", get_args(OutcomeStatus))
def test_every_status_that_a_plan_can_end_with_is_counted_and_has_a_sign(status):
    result = demo_result()
    decided = replace(result, decisions=(replace(result.decisions[0], status=status),))

    assert outcome_counts(decided) == {status: 1}
    assert f"badge {status}" in render_report(decided)
