"""What a sweep makes of its trials: a point that was not hit fails, and so does anything left in disagreement."""

from random import Random

import pytest

from sandbox.kill_sweep.moments import Moment, Point, counted
from sandbox.kill_sweep.report import summary_lines, verdict_lines
from sandbox.kill_sweep.sweep import Verdict, recoveries, redrawn, verdict
from sandbox.kill_sweep.trial import Run, Trial

EFFECTS = counted(["write a", "write b"])
KILL, AGAIN = Moment(EFFECTS[0], "in"), Moment(EFFECTS[1], "after")
RECOVERY = Run(EFFECTS[1:], ("applied",))


def trial(*marks: str, problems: tuple[str, ...] = ()) -> Trial:
    return Trial((*(Run(EFFECTS[:1], (), mark) for mark in marks), RECOVERY), problems, 1.0)


def test_a_point_is_good_when_it_was_hit_and_everything_agrees() -> None:
    assert verdict(Point(2, KILL), trial(str(KILL))).failures == ()


def test_a_mark_of_another_moment_is_no_hit() -> None:
    assert verdict(Point(2, KILL), trial("")).failures == ("not hit: in write a #1",)
    assert verdict(Point(2, KILL), trial(str(AGAIN))).failures == ("not hit: in write a #1",)


def test_a_pair_needs_both_its_marks() -> None:
    pair = Point(9, KILL, AGAIN)

    assert verdict(pair, trial(str(KILL), str(AGAIN))).failures == ()
    assert verdict(pair, trial(str(KILL), "")).failures == ("not hit: after write b #1",)


def test_a_pair_whose_second_moment_had_passed_is_drawn_again_from_what_the_recovery_did() -> None:
    effects = counted(["write c", "write d"])
    recovered = Trial((Run(EFFECTS, (), str(KILL)), Run(effects, ("applied",)), RECOVERY), (), 1.0)
    pair = Point(9, KILL, AGAIN)

    other = redrawn(verdict(pair, recovered), rng=Random(1))

    assert other is not None
    assert (other.number, other.first) == (9, KILL)
    assert other.second in {Moment(effect, "after") for effect in effects}


@pytest.mark.parametrize(
    "result",
    [
        pytest.param(verdict(Point(9, KILL), trial("")), id="no-pair"),
        pytest.param(verdict(Point(9, KILL, AGAIN), "moto ended"), id="broke"),
        pytest.param(verdict(Point(9, KILL, AGAIN), trial("", "")), id="first-not-hit"),
        pytest.param(verdict(Point(9, KILL, AGAIN), trial(str(KILL), problems=("x",))), id="disagrees"),
        pytest.param(verdict(Point(9, KILL, AGAIN), trial(str(KILL))), id="came-and-was-not-hit"),
        pytest.param(verdict(Point(9, KILL, AGAIN), trial(str(KILL), str(AGAIN))), id="good"),
    ],
)
def test_whatever_else_went_wrong_is_not_tried_again(result: Verdict) -> None:
    assert redrawn(result, rng=Random(1)) is None


def test_what_disagrees_is_a_failure_and_so_is_a_trial_that_broke() -> None:
    assert verdict(Point(2, KILL), trial(str(KILL), problems=("the lease is still held",))).failures == (
        "the lease is still held",
    )
    assert verdict(Point(2, KILL), "moto ended").failures == ("moto ended",)


def test_recoveries_are_what_the_first_run_after_the_kill_did() -> None:
    verdicts = [verdict(Point(2, KILL), trial(str(KILL))), verdict(Point(3, KILL), "moto ended")]

    assert recoveries(verdicts) == {2: RECOVERY.effects}


def test_the_report_counts_points_marks_and_failures() -> None:
    good, bad = verdict(Point(2, KILL), trial(str(KILL))), Verdict(Point(7, KILL, AGAIN), trial(str(KILL), ""), ("x",))

    assert list(verdict_lines(bad)) == [
        "   7 FAILED in write a #1, then after write b #1",
        "            1.0 s; runs: killed, nothing told, applied; marks: in write a #1",
        "            x",
    ]
    assert list(summary_lines(EFFECTS, [good, bad], pairs=1, seconds=3.2)) == [
        "effects   2",
        "points    2: 3 x 2 effects = 6 (1 of them tried), and 1 pairs",
        "marks     2 of 3 kills",
        "failures  1: 7",
        "took      3 s",
    ]
