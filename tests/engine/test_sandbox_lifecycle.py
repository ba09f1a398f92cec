"""Starting and stopping the sandbox: one per folder, nothing else ended, nothing left behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import boto3
import pulumi
import pytest
import yaml
from pulumi import automation

from sandbox import lifecycle
from sandbox.child_process import ProcessMark, end, start_time

pytestmark = pytest.mark.engine
ROOT = Path(__file__).resolve().parents[2]


def buckets(sandbox: lifecycle.Sandbox) -> list[str]:
    client = boto3.client(
        "s3",
        endpoint_url=sandbox.endpoint_url,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    client.create_bucket(Bucket="kept")
    return [bucket["Name"] for bucket in client.list_buckets()["Buckets"]]


def test_a_second_start_finds_the_first_and_stop_discards_moto_and_pulumi_together(tmp_path: Path) -> None:
    first = lifecycle.start(tmp_path / "state", project_root=ROOT)
    try:
        assert lifecycle.start(tmp_path / "state", project_root=ROOT).process == first.process
        assert buckets(first) == ["kept"]
        (first.state_dir / "pulumi" / "stack.json").write_text("{}")
        project = yaml.safe_load((first.project_dir / "Pulumi.yaml").read_text())
        assert project["name"] == "quantos"
        assert (first.project_dir / project["main"]).resolve() == ROOT / "stacks"
    finally:
        lifecycle.stop(tmp_path / "state")
    assert lifecycle.status(tmp_path / "state").condition == "stopped"
    assert not first.process.alive()
    assert not (first.state_dir / "pulumi").exists()


def test_a_sandbox_that_was_killed_is_stale_and_the_next_start_forgets_its_state(tmp_path: Path) -> None:
    first = lifecycle.start(tmp_path, project_root=ROOT)
    (tmp_path / "pulumi" / "stack.json").write_text("{}")
    end(first.process, within_seconds=5)
    assert lifecycle.status(tmp_path).condition == "stale"
    second = lifecycle.start(tmp_path, project_root=ROOT)
    try:
        assert second.process != first.process
        assert not (tmp_path / "pulumi" / "stack.json").exists()
    finally:
        lifecycle.stop(tmp_path)


def test_a_process_which_only_has_the_same_pid_is_never_ended() -> None:
    bystander = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        mark = ProcessMark(bystander.pid, start_time(bystander.pid))
        end(replace(mark, started="1"), within_seconds=1)
        assert mark.alive()
    finally:
        bystander.kill()
        bystander.wait()


def test_a_plugin_ends_with_the_process_that_started_it_even_when_killed(sandbox: lifecycle.Sandbox) -> None:
    plugin = sandbox.state_dir / "bin" / "pulumi-resource-aws"
    code = (
        "import subprocess, sys, time; p = subprocess.Popen([sys.argv[1]], stdout=subprocess.PIPE);"
        "p.stdout.readline(); print(p.pid, flush=True); time.sleep(60)"
    )
    engine = subprocess.Popen([sys.executable, "-c", code, str(plugin)], stdout=subprocess.PIPE, text=True)
    assert engine.stdout is not None
    pid = int(engine.stdout.readline())
    mark = ProcessMark(pid, start_time(pid))
    assert mark.alive()
    os.kill(engine.pid, signal.SIGKILL)
    engine.wait()
    engine.stdout.close()
    deadline = time.monotonic() + 10
    while mark.alive() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not mark.alive()


def test_the_engine_writes_no_attributes_that_a_kill_could_leave_empty(
    sandbox: lifecycle.Sandbox, stack: Callable[[Callable[[], None]], automation.Stack]
) -> None:
    made = stack(lambda: pulumi.export("nodes", 3))
    made.up()
    files = [path.name for path in (sandbox.state_dir / "pulumi").rglob("*") if path.is_file()]
    assert f"{made.name}.json" in files
    assert [name for name in files if name.endswith(".attrs")] == []


def test_attributes_of_an_older_sandbox_go_when_it_is_started_again(
    sandbox: lifecycle.Sandbox, stack: Callable[[Callable[[], None]], automation.Stack]
) -> None:
    made = stack(lambda: pulumi.export("nodes", 3))
    made.up()
    (checkpoint,) = (sandbox.state_dir / "pulumi").rglob(f"{made.name}.json")
    checkpoint.with_name(f"{checkpoint.name}.attrs").touch()
    with pytest.raises(automation.CommandError, match="failed to load checkpoint"):
        made.preview()

    lifecycle.start(sandbox.state_dir, project_root=ROOT)

    assert made.preview().change_summary == {automation.OpType.SAME: 1}
