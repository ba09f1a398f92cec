"""A lease is renewed all along; a holder that cannot renew it has its engine stopped before another may take it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from quantos.adapters.control_clients import LONGEST_CALL_SECONDS
from quantos.deployment.adapters.processes import LocalProcesses, mark
from quantos.deployment.holders import ProcessMark
from quantos.deployment.lease import INTERRUPT_AFTER, KILL_AFTER, HeldLease, LeaseDesk
from quantos.deployment.stop_order import StopOrder
from quantos.environment.settings.decisions import ActuatorSettings
from quantos.errors import CapacityError, LeaseLostError
from tests.support.capacity_fakes import FakeLeases, FakeProcesses
from tests.support.lease_cases import make_lease
from tests.support.plan_cases import STACK

LIFE = timedelta(seconds=2)
AWAY = CapacityError("the table hangs", remedy="wait")


def now() -> datetime:
    return datetime.now(tz=UTC)


def desk(store: FakeLeases, order: StopOrder, *, life: timedelta = LIFE) -> LeaseDesk:
    return LeaseDesk(store, FakeProcesses(), now, life, order, new_id=lambda: "mine")


def seconds_until(condition: Callable[[], bool]) -> float:
    begun = time.monotonic()
    while not condition():
        assert time.monotonic() - begun < 30
        time.sleep(0.005)
    return time.monotonic() - begun


def test_a_lease_that_cannot_be_renewed_stops_the_engine_first_well_then_at_once_before_it_runs_out() -> None:
    store, order = FakeLeases(), StopOrder()
    with desk(store, order).hold(STACK, name="a", sequence=1) as held:
        assert held is not None
        store.fail = AWAY
        interrupted = seconds_until(lambda: order.reason is not None)
        assert not order.killed
        killed = interrupted + seconds_until(lambda: order.killed)
    assert INTERRUPT_AFTER * 0.5 <= interrupted / LIFE.total_seconds() < KILL_AFTER
    assert killed < LIFE.total_seconds()


def test_a_short_silence_of_the_table_stops_nothing() -> None:
    store, order = FakeLeases(), StopOrder()
    with desk(store, order, life=timedelta(seconds=8)).hold(STACK, name="a", sequence=1):
        store.fail = AWAY
        time.sleep(1.0)
        store.fail = None
        time.sleep(2.0)
        assert order.reason is None


def test_a_lease_in_other_hands_stops_the_engine_at_once() -> None:
    store, order = FakeLeases(), StopOrder()
    with desk(store, order).hold(STACK, name="a", sequence=1) as held:
        assert held is not None
        store.lease = make_lease(expires_at=now() + LIFE)
        seconds_until(lambda: order.killed)
        with pytest.raises(LeaseLostError):
            held.renew()
    assert store.lease is not None
    assert store.lease.holder.name == "other"


def test_calls_of_the_control_path_end_well_below_a_third_of_the_shortest_lease() -> None:
    shortest = ActuatorSettings.model_json_schema()["properties"]["lease_seconds"]["minimum"]
    assert shortest / 3 / 2 > LONGEST_CALL_SECONDS


def test_a_process_is_known_by_host_pid_and_start() -> None:
    processes = LocalProcesses()
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        running = mark(child.pid)
        assert not processes.gone(running)
        os.kill(child.pid, signal.SIGSTOP)
        assert not processes.gone(running)
        os.kill(child.pid, signal.SIGCONT)
        assert processes.gone(ProcessMark(running.host, running.pid, "another start"))
        assert not processes.gone(ProcessMark("another host", running.pid, "another start"))
        assert child.stdin is not None
        child.stdin.close()
        child.wait()
    assert processes.gone(running)


def test_a_held_lease_has_a_name_for_people_and_a_random_id_for_itself() -> None:
    store = FakeLeases()
    with desk(store, StopOrder()).hold(STACK, name="ada@desk", sequence=1) as held:
        assert isinstance(held, HeldLease)
        assert (held.lease.holder.lease_id, held.lease.holder.name) == ("mine", "ada@desk")
    assert store.lease is None
