"""Attempts run as real processes, once each, and what became of them is told until somebody keeps it."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from quantos.deployment.adapters.processes import LocalProcesses
from quantos.orchestration.adapters.messages import encode
from quantos.orchestration.attempt.folder import Exit, folder_of
from quantos.orchestration.execution.words import CUT, printable
from quantos.orchestration.protocol.rows import Order
from sandbox.execution.supervisor import RESEND_MS
from tests.support.executors import ExecutorCase, now_ms, order_of, put_request
from tests.support.script_image import gives, script

ROOT = Path(__file__).resolve().parents[4]
RUNS_ON = "import time; print('begun', flush=True); time.sleep(60)"


def ordered(executor: ExecutorCase, code: str, *, limit_ms: int = 60_000, **more: object) -> Order:
    node = script(code, **more)
    order = order_of(put_request(executor, node), "a", limit_ms=limit_ms)
    executor.attempts.create(order)
    return order


def begun(executor: ExecutorCase, order: Order) -> None:
    """Run until the program of an order says something."""
    log = folder_of(executor.state, str(order.node.last_attempt)).log
    executor.run(lambda: log.exists() and "begun" in log.read_text())


def processes_naming(text: str) -> list[str]:
    listed = subprocess.run(["ps", "-e", "-o", "pid=,args="], capture_output=True, text=True, check=True).stdout
    return [line for line in listed.splitlines() if text in line]


def test_a_program_runs_and_what_it_gave_and_said_is_kept(executor: ExecutorCase) -> None:
    order = ordered(executor, "print('hello')\n" + gives("answer", "6 * 7"), outs=["answer"])
    (finished,) = executor.ended(order)
    assert (finished.end, finished.detail) == ("succeeded", "")
    assert finished.evidence.startswith(f"CPython {sys.version.split()[0]} real environment script-")
    assert "resources scaled by 0.25: 1 cores" in finished.evidence
    output = executor.outputs(order)["answer"]
    assert executor.body(output.uri.removeprefix("s3://artifacts/")) == b"42"
    assert executor.log(order) == "hello\n"
    end = json.loads(executor.body(f"workspaces/{order.node.last_attempt}/log/end.json"))
    assert end == {"end": "succeeded", "parts": 1}
    assert executor.heard.starts() == [str(order.node.last_attempt)]


def test_use_is_what_was_asked_for_while_it_ran(executor: ExecutorCase) -> None:
    (finished,) = executor.ended(ordered(executor, "pass"))
    assert finished.started_ms is not None
    ran_ms = finished.ended_ms - finished.started_ms
    assert sum(amount.cpu_ms for _, amount in finished.used) == 4 * ran_ms
    assert 0 < ran_ms < 60_000


def test_a_program_that_fails_says_its_last_words(executor: ExecutorCase) -> None:
    (finished,) = executor.ended(ordered(executor, "raise ValueError('no rows')", outs=["answer"]))
    assert (finished.end, finished.detail) == ("failure", "exit code 1: ValueError: no rows")


def test_a_limit_of_time_is_a_failure(executor: ExecutorCase) -> None:
    (finished,) = executor.ended(ordered(executor, RUNS_ON, limit_ms=500))
    assert (finished.end, finished.detail) == ("failure", "ran longer than its limit of 0.5 s")


def test_a_limit_of_memory_is_a_failure_of_its_own_name(executor: ExecutorCase) -> None:
    code = "import time\nos.fork()\nheld = [bytearray(2**20) for _ in range(600)]\ntime.sleep(60)"
    (finished,) = executor.ended(ordered(executor, code))
    assert finished.end == "failure"
    assert re.fullmatch(r"out of memory: its processes had \d+ MiB in use, of 1024 MiB", finished.detail)


def test_an_end_by_a_signal_that_nobody_sent_is_unknown(executor: ExecutorCase) -> None:
    (finished,) = executor.ended(ordered(executor, "import signal; os.kill(os.getpid(), signal.SIGKILL)"))
    assert finished.end == "unknown"
    assert "SIGKILL" in finished.detail


@pytest.mark.parametrize(
    ("names", "outs"),
    [
        pytest.param("{'m': 'x' * 500_000}", ["m"], id="a-long-path"),
        pytest.param("{f'{number}' + 'y' * 50: 'a' for number in range(9000)}", [], id="many-names"),
        pytest.param("{chr(0xd800) + chr(27) + ']0;title': 'none'}", [], id="half-a-character"),
    ],
)
def test_whatever_a_program_names_its_end_is_told_in_few_words(
    executor: ExecutorCase, names: str, outs: list[str]
) -> None:
    code = f"open(os.environ['QUANTOS_OUTPUTS'], 'w').write(json.dumps({names}))"
    (finished,) = executor.ended(ordered(executor, code, outs=outs))
    assert finished.end == "failure"
    assert len(encode(finished).value) < 10_000
    assert finished.detail == printable(finished.detail)


def test_a_model_that_is_too_large_to_be_published_is_the_programs_failure(executor: ExecutorCase) -> None:
    code = "open('model', 'w').truncate(512 * 2**20 + 1)\n"
    code += "open(os.environ['QUANTOS_OUTPUTS'], 'w').write(json.dumps({'model_uri': 'model'}))"
    order = ordered(executor, code, outs=["model_uri"])
    (finished,) = executor.ended(order)
    assert finished.end == "failure"
    assert finished.detail == "model_uri has 536870913 bytes, and is published only up to 536870912"


def test_what_an_exit_file_says_is_told_in_few_words(executor: ExecutorCase) -> None:
    order = ordered(executor, RUNS_ON)
    begun(executor, order)
    said = "\x1b[2J" + "x" * 500_000
    exited = Exit(end="failure", detail=said, evidence=said, started_ms=now_ms(), ended_ms=now_ms())
    folder_of(executor.state, str(order.node.last_attempt)).exit(exited)
    (finished,) = executor.ended(order)
    assert len(encode(finished).value) < 10_000
    assert (finished.detail[:4], finished.detail[-len(CUT) :]) == ("\ufffd[2J", CUT)
    assert finished.evidence == finished.detail


def test_an_image_that_nothing_stands_for_is_said(executor: ExecutorCase) -> None:
    node = script("pass", image="example.org/other:2")
    (finished,) = executor.ended(order_of(put_request(executor, node), "a"))
    assert finished.end == "infrastructure"
    assert "nothing on this machine stands for the image example.org/other:2" in finished.detail


def test_what_runs_and_is_stopped_is_cancelled_with_all_that_it_started(executor: ExecutorCase) -> None:
    leaves = "import subprocess\nsubprocess.Popen(['/bin/sleep', '4711'], start_new_session=True)\n"
    order = ordered(executor, leaves + RUNS_ON)
    begun(executor, order)
    executor.attempts.stop(order.node.last_attempt)
    (finished,) = executor.ended(order)
    assert finished.end == "cancelled"
    assert processes_naming("sleep 4711") == []


def test_a_program_that_will_not_end_is_killed(executor: ExecutorCase) -> None:
    order = ordered(executor, "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + RUNS_ON)
    begun(executor, order)
    executor.attempts.stop(order.node.last_attempt)
    (finished,) = executor.ended(order)
    assert finished.end == "cancelled"


def test_what_waits_for_room_begins_when_there_is_some_oldest_first(executor: ExecutorCase) -> None:
    digest = put_request(executor, script("pass"), script("pass", node="b"), script("pass", node="c"))
    whole = {"cpu": "16"}
    orders = [order_of(digest, node, requests=whole) for node in ("b", "a", "c")]
    ends = executor.ended(*orders)
    assert [finished.end for finished in ends] == ["succeeded"] * 3
    times = [(finished.started_ms or 0, finished.ended_ms) for finished in ends]
    assert times[0][1] <= times[1][0]
    assert times[1][1] <= times[2][0]


def test_what_never_has_room_is_not_waited_for(executor: ExecutorCase) -> None:
    digest = put_request(executor, script("pass"))
    (finished,) = executor.ended(order_of(digest, "a", requests={"gpu": 9}))
    assert finished.end == "infrastructure"
    assert "asks for more than this machine has" in finished.detail


def test_an_end_is_told_again_until_it_is_acknowledged(executor: ExecutorCase) -> None:
    order = ordered(executor, "pass")
    executor.ended(order)
    supervisor, later = executor.supervisor(), now_ms() + RESEND_MS
    supervisor.step(now_ms=later)
    supervisor.step(now_ms=later)
    assert len(executor.heard.messages) == 3
    executor.attempts.acknowledge(order.node.last_attempt)
    supervisor.step(now_ms=later + RESEND_MS)
    assert len(executor.heard.messages) == 3
    assert not folder_of(executor.state, str(order.node.last_attempt)).path.exists()
    executor.attempts.create(order)
    supervisor.step(now_ms=later + 2 * RESEND_MS)
    assert executor.attempts.open() == ()


def test_a_worker_that_is_killed_is_told_as_infrastructure_and_its_program_ends_too(executor: ExecutorCase) -> None:
    leaves = "import subprocess\nsubprocess.Popen(['/bin/sleep', '4712'], start_new_session=True)\n"
    order = ordered(executor, leaves + RUNS_ON)
    begun(executor, order)
    claim = folder_of(executor.state, str(order.node.last_attempt)).claimed()
    assert claim is not None
    assert claim.process is not None
    os.kill(claim.process.pid, signal.SIGKILL)
    (finished,) = executor.ended(order)
    assert (finished.end, finished.detail) == ("infrastructure", "the process that ran it is gone")
    assert processes_naming("sleep 4712") == []
    assert executor.log(order) == "begun\n"


@pytest.mark.parametrize("forged_s", [1, 2_087_000_000])
def test_use_of_a_lost_worker_is_what_was_seen_of_it_whatever_time_its_program_wrote(
    executor: ExecutorCase, forged_s: int
) -> None:
    code = f"print('begun', flush=True); time.sleep(1.5); os.utime('../claim.json', ({forged_s}, {forged_s}))\n"
    order = ordered(executor, "import time\n" + code + "print('written', flush=True); time.sleep(60)")
    folder = folder_of(executor.state, str(order.node.last_attempt))
    killed: list[int] = []

    def lost() -> bool:
        claim = folder.claimed()
        if not killed and claim and claim.process and folder.log.exists() and "written" in folder.log.read_text():
            os.kill(claim.process.pid, signal.SIGSTOP)
            os.utime(folder.path / "claim.json", (forged_s, forged_s))
            os.kill(claim.process.pid, signal.SIGKILL)
            killed.append(now_ms())
        return bool(executor.heard.ends())

    executor.run(lost)
    (finished,) = executor.heard.ends().values()
    assert finished.end == "infrastructure"
    assert finished.started_ms is not None
    assert finished.started_ms + 1500 < killed[0]
    assert killed[0] - 1000 < finished.ended_ms <= now_ms()
    assert sum(amount.cpu_ms for _, amount in finished.used) == 4 * (finished.ended_ms - finished.started_ms)


def test_a_worker_that_comes_late_does_not_run_it_again(executor: ExecutorCase) -> None:
    order = ordered(executor, "print('run', flush=True)")
    executor.ended(order)
    folder = folder_of(executor.state, str(order.node.last_attempt))
    late = [sys.executable, "-m", "sandbox.execution.attempt", str(folder.path)]
    subprocess.run(late, check=True, env={**executor.environ, "PYTHONPATH": str(ROOT)})
    assert folder.log.read_text() == "run\n"


def test_a_recycled_pid_is_not_taken_for_a_worker(executor: ExecutorCase) -> None:
    order = ordered(executor, RUNS_ON)
    begun(executor, order)
    folder = folder_of(executor.state, str(order.node.last_attempt))
    claim = folder.claimed()
    assert claim is not None
    assert claim.process is not None
    os.kill(claim.process.pid, signal.SIGKILL)
    time.sleep(0.2)
    stranger = subprocess.Popen(["/bin/sleep", "30"], start_new_session=True)
    text = (folder.path / "claim.json").read_text().replace(f'"pid":{claim.process.pid}', f'"pid":{stranger.pid}')
    (folder.path / "claim.json").write_text(text)
    try:
        (finished,) = executor.ended(order)
        assert finished.end == "infrastructure"
        assert stranger.poll() is None
        assert not LocalProcesses().gone(LocalProcesses().me())
    finally:
        stranger.kill()
        stranger.wait()
