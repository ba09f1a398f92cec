"""A pack or plugin tells its port at once to an engine that waits for it, and ends at once when told to.

Also where Python buffers its output. An engine ends its plugins one after the other, and waits for each.
"""

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox import lifecycle

ROOT = Path(__file__).resolve().parents[4]
PATIENCE_SECONDS = 30.0


def told_port(command: list[str], *, environment: dict[str, str]) -> str:
    """The first line of a program that then goes on running, and says nothing more when it is interrupted."""
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        ready, _, _ = select.select([process.stdout], [], [], PATIENCE_SECONDS)
        line = process.stdout.readline().decode() if ready else ""
        process.send_signal(signal.SIGINT)
        try:
            _, said = process.communicate(timeout=PATIENCE_SECONDS)
        finally:
            process.kill()
    assert b"Traceback" not in said
    return line.strip()


@pytest.fixture
def environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}


PACKS = ROOT / "policy_packs"


@pytest.mark.parametrize(
    "command",
    [
        [str(PACKS / "cost" / "analyzer")],
        [sys.executable, str(PACKS / "cost")],
        [str(PACKS / "security" / "analyzer")],
        [str(PACKS / "joint" / "analyzer")],
        [sys.executable, str(PACKS / "security")],
    ],
    ids=["cost-executable", "cost-folder", "security-executable", "joint-executable", "security-folder"],
)
def test_a_pack_tells_its_port(command: list[str], environment: dict[str, str]) -> None:
    assert told_port([*command, "127.0.0.1:1"], environment=environment).isdecimal()


@pytest.mark.parametrize("plugin", sorted(lifecycle.PLUGINS))
def test_a_plugin_tells_its_port(plugin: str, environment: dict[str, str], tmp_path: Path) -> None:
    lifecycle.write_plugins(tmp_path)
    environment |= {"QUANTOS_SANDBOX_STORE": str(tmp_path / "store.json"), "QUANTOS_SANDBOX_MANIFESTS": str(tmp_path)}
    assert told_port([str(tmp_path / plugin), "127.0.0.1:1"], environment=environment).isdecimal()
