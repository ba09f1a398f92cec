"""A name that was ever created or stopped is never created again, whoever asks and in whatever order."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantos.orchestration.protocol.rows import Finished
from sandbox.errors import SandboxError
from sandbox.execution.attempts import Attempts
from tests.support.executors import order_of

ORDER = order_of("digest", "a")
KEY = ORDER.node.last_attempt


@pytest.fixture
def attempts(tmp_path: Path) -> Attempts:
    return Attempts(tmp_path / "attempts.sqlite")


def test_what_is_created_waits_once(attempts: Attempts) -> None:
    attempts.create(ORDER)
    attempts.create(ORDER)
    assert [(each.name, each.state, each.order) for each in attempts.open()] == [(str(KEY), "waiting", ORDER)]


def test_what_waits_and_is_stopped_has_ended(attempts: Attempts) -> None:
    attempts.create(ORDER)
    attempts.stop(KEY)
    (attempt,) = attempts.open()
    assert attempt.finished == Finished(KEY, "cancelled", detail="stopped before it began")
    assert not attempts.starting(attempt)


def test_a_name_that_was_stopped_before_it_was_created_never_begins(attempts: Attempts) -> None:
    attempts.stop(KEY)
    attempts.create(ORDER)
    (attempt,) = attempts.open()
    assert (attempt.state, attempt.order) == ("ended", None)


def test_what_is_over_is_never_created_again(attempts: Attempts) -> None:
    attempts.stop(KEY)
    attempts.acknowledge(KEY)
    attempts.create(ORDER)
    attempts.stop(KEY)
    assert attempts.open() == ()


def test_what_runs_is_told_to_stop_and_ends_by_itself(attempts: Attempts) -> None:
    attempts.create(ORDER)
    attempts.starting(attempts.open()[0])
    attempts.stop(KEY)
    attempts.acknowledge(KEY)
    (attempt,) = attempts.open()
    assert (attempt.state, attempt.stop, attempt.finished) == ("starting", True, None)


def test_of_many_who_claim_it_one_has_it(attempts: Attempts) -> None:
    attempts.create(ORDER)
    (attempt,) = attempts.open()
    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(lambda _: attempts.starting(attempt), range(8))) == [False] * 7 + [True]


@settings(max_examples=40)
@given(st.lists(st.sampled_from(["create", "stop", "acknowledge", "start", "run", "end"]), max_size=12))
def test_it_starts_at_most_once_whatever_comes(tmp_path_factory: pytest.TempPathFactory, calls: list[str]) -> None:
    attempts, starts = Attempts(tmp_path_factory.mktemp("attempts") / "attempts.sqlite"), 0
    for call in calls:
        here = next(iter(attempts.open()), None)
        if call in {"create", "stop", "acknowledge"}:
            {"create": lambda: attempts.create(ORDER), "stop": lambda: attempts.stop(KEY)}.get(
                call, lambda: attempts.acknowledge(KEY)
            )()
        elif here is not None and call == "start":
            starts += attempts.starting(here)
        elif here is not None and call == "run":
            attempts.running(here)
        elif here is not None and here.state in {"starting", "running"}:
            attempts.ended(here, Finished(KEY, "succeeded"))
    assert starts <= 1


def test_a_file_that_is_none_is_said(tmp_path: Path) -> None:
    (tmp_path / "attempts.sqlite").write_bytes(b"no database" * 100)
    with pytest.raises(SandboxError, match="attempts cannot be kept"):
        Attempts(tmp_path / "attempts.sqlite").open()
