"""When the demo's resize is killed can be said from outside, and is checked before anything starts."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from quantos.errors import SettingsError
from sandbox.demo.crash import _await
from sandbox.demo.kill_moment import SIGHTS, KillMoment, ResizeWatch, kill_moment
from sandbox.errors import SandboxError


@pytest.mark.parametrize("name", SIGHTS)
def test_a_moment_is_named_by_what_is_seen(name: str) -> None:
    assert kill_moment(name) == KillMoment(name)


@pytest.mark.parametrize(("text", "seconds"), [("0", 0.0), ("2.5", 2.5), ("60", 60.0)])
def test_a_moment_is_so_many_seconds_after_the_work_began(text: str, seconds: float) -> None:
    assert kill_moment(text).seconds == seconds


@pytest.mark.parametrize("text", ["", "-1", "61", "nan", "inf", "halfway", "1s"])
def test_any_other_is_refused_with_what_there_is(text: str) -> None:
    with pytest.raises(SettingsError) as raised:
        kill_moment(text)
    assert "half-way" in raised.value.remedy


class Watch(ResizeWatch):
    """A watch on nothing: what is waited for is seen or not."""

    def __init__(self, *, seen: bool = False) -> None:
        self.began, self.seen = None, seen

    def reached(self, moment: KillMoment) -> bool:
        return self.began is not None and self.seen


class Begun(ResizeWatch):
    """A watch that has looked at nothing yet."""

    def __init__(self) -> None:
        self.began = None


@pytest.mark.parametrize("moment", [KillMoment("begun"), KillMoment("0", 0.0)])
def test_no_moment_is_reached_before_the_work_begins(moment: KillMoment) -> None:
    watch = Begun()
    before, watch.began = watch.reached(moment), time.monotonic()
    assert (before, watch.reached(moment)) == (False, True)


def ending(code: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE)


def test_nothing_is_seen_before_the_work_begins(tmp_path: Path) -> None:
    began, watch = tmp_path / "began", Watch(seen=True)
    with ending(f"import pathlib, time; pathlib.Path({str(began)!r}).touch(); time.sleep(60)") as child:
        _await(child, watch=watch, moment=KillMoment("locked"), began=began)
        assert (began.exists(), child.poll()) == (True, None)
        child.kill()


def test_work_that_was_done_before_the_seconds_were_over_is_as_good_as_killed(tmp_path: Path) -> None:
    with ending("pass") as child:
        _await(child, watch=Watch(), moment=KillMoment("60", 60.0), began=tmp_path / "began")


@pytest.mark.parametrize(("code", "moment"), [("exit(3)", KillMoment("60", 60.0)), ("pass", KillMoment("locked"))])
def test_a_resize_that_failed_or_never_came_so_far_is_told(tmp_path: Path, code: str, moment: KillMoment) -> None:
    with ending(code) as child, pytest.raises(SandboxError, match="ended by itself"):
        _await(child, watch=Watch(), moment=moment, began=tmp_path / "began")
