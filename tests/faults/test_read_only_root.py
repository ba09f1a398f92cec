"""The resize function where it may write to its temporary folder and to nothing else, as on AWS."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from quantos.deployment.backend import FileBackend, parse_backend
from sandbox.providers.store import STORE_VARIABLE
from tests.support.environments import committed_settings
from tests.support.own_sandbox import small_environment
from tests.support.small_environment import ROOT, SmallEnvironment

pytestmark = pytest.mark.engine
PATIENCE_SECONDS = 200
READ_ONLY = """
mount --make-rprivate /
for folder in $WRITABLE; do mount --bind "$folder" "$folder"; done
mount -o remount,bind,ro /
! touch "$FORBIDDEN" 2>/dev/null
exec "$@"
"""


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallEnvironment]:
    with small_environment(committed_settings(), state_dir=tmp_path_factory.mktemp("state")) as made:
        yield made


def own_mounts() -> list[str]:
    """The command that gives a process mounts of its own. Skips where the system allows none."""
    command = ["unshare", "--mount", "sh", "-ec"]
    try:
        subprocess.run([*command, "mount --make-rprivate / && mount -o remount,bind,ro /"], check=True, timeout=20)
    except (OSError, subprocess.SubprocessError) as exc:
        pytest.skip(f"no read-only root can be had here: {exc}")
    return command


def test_a_plan_is_applied_with_a_read_only_root(environment: SmallEnvironment, tmp_path: Path) -> None:
    """Two more folders can be written to: they stand in for the state bucket and for AWS, which are not on the disk."""
    own = own_mounts()
    plan = environment.plan({"cpu": 6})
    file, temporary, cloud = tmp_path / "plan.json", tmp_path / "tmp", tmp_path / "cloud"
    file.write_bytes(plan.to_json())
    temporary.mkdir()
    cloud.mkdir()
    backend = parse_backend(os.environ["PULUMI_BACKEND_URL"])
    assert isinstance(backend, FileBackend)
    function = [sys.executable, "-P", "-m", "tests.support.racer", "plan", str(file), "20"]

    done = subprocess.run(
        [*own, READ_ONLY, "sh", *function],
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "TMPDIR": str(temporary),
            "PULUMI_HOME": str(temporary / "pulumi-home"),
            STORE_VARIABLE: str(cloud / "store.json"),
            "WRITABLE": f"{temporary} {backend.root} {cloud}",
            "FORBIDDEN": str(tmp_path / "forbidden"),
        },
        input="go\n",
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )

    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads(done.stdout.splitlines()[-1]) == {plan.plan_id: "applied"}, done.stdout[-2000:]
    assert environment.groups()["cpu"].minimum == 6
    assert not (tmp_path / "forbidden").exists()
