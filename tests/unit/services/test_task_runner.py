"""The attempt of a pod, as its container runs it: told by variables, its order in a file, its last words in one."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from quantos.orchestration.cluster.ends import AttemptReport
from quantos.orchestration.cluster.pods import order_text
from quantos.orchestration.protocol.rows import Order
from services.task_runner.__main__ import run
from tests.support.executors import BUCKET, ExecutorCase, client_of, order_of, own_account, put_request
from tests.support.script_image import gives, script, write_program

RUN = (
    f"import sys; from pathlib import Path; from {run.__module__} import run\n"
    "order, work, words = map(Path, sys.argv[1:])\n"
    "sys.exit(run(order, work=work, last_words=words))"
)


@dataclass(frozen=True)
class Pod:
    """A pod's folders, and a bucket."""

    folder: Path
    case: ExecutorCase
    environ: Mapping[str, str]

    def begin(self, order: Order) -> "subprocess.Popen[str]":
        (self.folder / "order.json").write_text(order_text(order))
        (self.folder / "work").mkdir(exist_ok=True)
        command = [sys.executable, "-c", RUN, *(str(self.folder / name) for name in ("order.json", "work", "words"))]
        return subprocess.Popen(
            command, env=dict(self.environ), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    def run(self, order: Order) -> tuple[int, str, AttemptReport | None]:
        """Run it to its end: exit code, what its container said, and its last words."""
        process = self.begin(order)
        said, _ = process.communicate(timeout=60)
        words = self.folder / "words"
        report = AttemptReport.model_validate_json(words.read_text()) if words.exists() else None
        return process.returncode, said, report


@pytest.fixture
def pod(tmp_path: Path) -> Iterator[Pod]:
    with own_account(tmp_path / "cache") as environ:
        client = client_of(environ)
        told = {
            "PYTHONPATH": ":".join(path for path in sys.path if path),
            "QUANTOS_BUCKET": BUCKET,
            "QUANTOS_IMAGE": "kit@sha256:1",
            "QUANTOS_POD": "pod-1",
            "QUANTOS_PROGRAM": str(write_program(tmp_path / "program")),
        }
        for entry in client.list_objects_v2(Bucket=BUCKET).get("Contents", []):
            client.delete_object(Bucket=BUCKET, Key=entry["Key"])
        yield Pod(tmp_path, ExecutorCase(tmp_path / "state", client, environ), {**environ, **told})


def ordered(pod: Pod, code: str, **more: object) -> Order:
    return order_of(put_request(pod.case, script(code, **more)), "a")


def test_a_program_runs_and_what_it_gave_and_said_is_kept(pod: Pod) -> None:
    order = ordered(pod, "print('hello')\n" + gives("answer", "6 * 7"), outs=["answer"])
    code, said, report = pod.run(order)
    assert report is not None, said
    assert (code, report.end, report.detail) == (0, "succeeded", "")
    assert report.evidence.startswith("CPython 3.")
    assert "environment kit@sha256:1" in report.evidence
    assert report.started_ms < report.ended_ms
    assert pod.case.log(order) == "hello\n"
    (key,) = (output.uri.removeprefix(f"s3://{BUCKET}/") for output in pod.case.outputs(order).values())
    assert pod.case.body(key) == b"42"
    assert b'"end": "succeeded"' in pod.case.body(f"workspaces/{order.node.last_attempt}/log/end.json")


def test_a_program_finds_nothing_of_its_pod(pod: Pod) -> None:
    names = "sorted(name for name in os.environ if name.startswith(('AWS_', 'QUANTOS_')))"
    order = ordered(pod, gives("names", names), outs=["names"])
    assert pod.run(order)[0] == 0
    (key,) = (output.uri.removeprefix(f"s3://{BUCKET}/") for output in pod.case.outputs(order).values())
    stated = pod.case.body(key).decode()
    assert "AWS_" not in stated
    assert "QUANTOS_BUCKET" not in stated
    assert "QUANTOS_PARAMS" in stated


@pytest.mark.parametrize(
    ("code", "outs", "detail"),
    [("import sys; print('no data'); sys.exit(3)", [], "exit code 3: no data"), ("pass", ["model"], "outputs.json")],
)
def test_a_program_that_fails_says_why_and_its_container_fails_too(
    pod: Pod, code: str, outs: list[str], detail: str
) -> None:
    exit_code, _, report = pod.run(ordered(pod, code, outs=outs))
    assert report is not None
    assert (exit_code, report.end) == (1, "failure")
    assert detail in report.detail


def test_a_pod_that_is_asked_to_end_ends_its_program_and_says_so(pod: Pod) -> None:
    order = ordered(pod, "import time; print('begun', flush=True); time.sleep(600)")
    process = pod.begin(order)
    until = time.monotonic() + 30
    while "begun" not in pod.case.log(order) and time.monotonic() < until:
        time.sleep(0.1)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)
    report = AttemptReport.model_validate_json((pod.folder / "words").read_text())
    assert (process.returncode, report.end) == (1, "cancelled")


def test_a_pod_runs_once(pod: Pod) -> None:
    order = ordered(pod, "print('once')")
    assert pod.run(order)[0] == 0
    code, said, _ = pod.run(order)
    assert code == 1
    assert "this pod has run its attempt already" in said


def test_an_attempt_that_another_pod_began_is_not_run_again(pod: Pod, tmp_path: Path) -> None:
    order = ordered(pod, "print('once')")
    assert pod.run(order)[0] == 0
    (tmp_path / "other").mkdir()
    code, said, report = Pod(tmp_path / "other", pod.case, {**pod.environ, "QUANTOS_POD": "pod-2"}).run(order)
    assert (code, report) == (1, None)
    assert "another pod runs this attempt, or ran it" in said
    assert pod.case.log(order) == "once\n"


@pytest.mark.parametrize("name", ["QUANTOS_BUCKET", "QUANTOS_IMAGE", "QUANTOS_POD"])
def test_a_pod_that_is_not_told_where_it_is_says_so(pod: Pod, name: str) -> None:
    lacking = {key: value for key, value in pod.environ.items() if key != name}
    code, said, report = Pod(pod.folder, pod.case, lacking).run(ordered(pod, "pass"))
    assert (code, report) == (1, None)
    assert f"the pod is not told where it is: '{name}'" in said


def test_an_image_without_a_program_is_said(pod: Pod) -> None:
    without = {**pod.environ, "QUANTOS_PROGRAM": str(pod.folder / "nothing")}
    _, said, report = Pod(pod.folder, pod.case, without).run(ordered(pod, "pass"))
    assert report is not None, said
    assert report.end == "infrastructure"
    assert "holds no program" in report.detail
