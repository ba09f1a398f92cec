"""A state that cannot be loaded, on the real engine: told by the robot, by people's commands and by the doctor, mended
by `quantos state restore`, and the next plan is applied."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from quantos.capacity.adapters.stores import compose_groups, compose_leases
from quantos.contracts.plan import ResizeOutcome
from quantos.deployment.adapters import layers
from quantos.deployment.adapters.state_files import FileStateFiles
from quantos.deployment.state_versions import propose
from quantos.errors import StateUnreadableError
from quantos.operations.restore import strangers
from tests.support.environments import committed_settings
from tests.support.lease_cases import make_lease
from tests.support.own_sandbox import small_environment
from tests.support.plan_cases import NOW
from tests.support.small_environment import ROOT, SmallEnvironment

pytestmark = pytest.mark.engine
PATIENCE_SECONDS = 180


@pytest.fixture(scope="module")
def state_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("state")


@pytest.fixture(scope="module")
def environment(state_dir: Path) -> Iterator[SmallEnvironment]:
    """A capacity stack that was resized once."""
    with small_environment(committed_settings(), state_dir=state_dir) as made:
        assert resize(made, 4, hours=0).status == "applied"
        yield made


@pytest.fixture
def checkpoint(environment: SmallEnvironment, state_dir: Path) -> Iterator[Path]:
    """The state of the capacity stack, put right after the test."""
    path = state_dir / "pulumi" / ".pulumi" / "stacks" / "quantos" / f"{environment.stack}.json"
    before = path.read_bytes()
    yield path
    path.write_bytes(before)
    path.with_name(f"{path.name}.attrs").unlink(missing_ok=True)
    (state_dir / "pulumi" / ".pulumi" / "meta.yaml").write_text("version: 1\n")


def resize(environment: SmallEnvironment, floor: int, *, hours: int) -> ResizeOutcome:
    at = NOW + timedelta(hours=hours)
    resizer = environment.resizer(clock=lambda: at + timedelta(seconds=20), wall_clock=lambda: datetime.now(tz=UTC))
    return resizer.resize(environment.plan({"cpu": floor}, at=at), holder="robot")


def quantos(*words: str) -> subprocess.CompletedProcess[str]:
    """A command line, as a person would give it."""
    command = [str(Path(sys.executable).parent / "quantos"), *words, "--sandbox"]
    environ = {**os.environ, "COLUMNS": "300"}
    return subprocess.run(
        command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False
    )


def known_sizes(checkpoint: Path) -> dict[str, tuple[int, int, int]]:
    """Minimum, maximum and desired size by pool, as the state has them."""
    resources = json.loads(checkpoint.read_bytes())["checkpoint"]["latest"]["resources"]
    groups = [each for each in resources if each["type"] == "aws:eks/nodeGroup:NodeGroup"]
    sizes = {each["urn"].rpartition("::")[2]: each["outputs"]["scalingConfig"] for each in groups}
    return {pool: (size["minSize"], size["maxSize"], size["desiredSize"]) for pool, size in sizes.items()}


def halve(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def empty_sidecar(path: Path) -> None:
    path.with_name(f"{path.name}.attrs").touch()


def empty_layout(path: Path) -> None:
    (path.parents[2] / "meta.yaml").write_text("")


def orphan(path: Path) -> None:
    """A resource whose parent is nowhere: only the engine sees it."""
    content = path.read_text()

    path.write_text(content.replace('"parent":"urn:pulumi:', '"parent":"urn:pulumi:nowhere-', 1))


DAMAGES: dict[str, Callable[[Path], object]] = {
    "empty": lambda path: path.write_bytes(b""),
    "truncated": halve,
    "garbage": lambda path: path.write_bytes(b"\x00\x01\x02"),
    "taken for a new stack": lambda path: path.write_text("{}"),
    "gone": Path.unlink,
    "an empty sidecar": empty_sidecar,
    "no layout": empty_layout,
    "an orphan": orphan,
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=[name.replace(" ", "-") for name in DAMAGES])
def test_the_robot_tells_a_state_that_cannot_be_loaded_and_how_to_mend_it(
    damage: Callable[[Path], object], environment: SmallEnvironment, checkpoint: Path
) -> None:
    damage(checkpoint)
    groups = environment.groups()
    outcome = resize(environment, 9, hours=1)
    assert (outcome.status, environment.groups()) == ("unreadable", groups), outcome.reason
    assert f"quantos state restore {environment.stack}" in outcome.reason
    with pytest.raises(StateUnreadableError):
        environment.up()


@pytest.mark.parametrize(
    "damage", [DAMAGES[name] for name in ("truncated", "an empty sidecar", "no layout", "an orphan")]
)
def test_the_engines_own_words_are_understood(
    damage: Callable[[Path], object],
    environment: SmallEnvironment,
    checkpoint: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    damage(checkpoint)
    monkeypatch.setattr(layers, "ensure_loadable", lambda _url, _stack: None)
    with pytest.raises(StateUnreadableError):
        environment.preview()


def test_a_layer_that_reads_from_a_broken_one_names_that_one(environment: SmallEnvironment, checkpoint: Path) -> None:
    foundation = checkpoint.with_name("dev-foundation.json")
    whole = foundation.read_bytes()
    foundation.write_bytes(b"")
    try:
        outcome = resize(environment, 9, hours=1)
    finally:
        foundation.write_bytes(whole)
    assert outcome.status == "unreadable", outcome.reason
    assert "quantos state restore dev-foundation" in outcome.reason


def test_people_are_told_the_remedy_which_mends_the_stack(environment: SmallEnvironment, checkpoint: Path) -> None:
    assert resize(environment, 6, hours=2).status == "applied"
    whole = checkpoint.read_bytes()
    halve(checkpoint)
    broken = checkpoint.read_bytes()

    for command in (("up", "dev", "--layer", "capacity"), ("doctor",)):
        told = quantos(*command)
        assert told.returncode == 1, told.stdout
        assert f"quantos state restore {environment.stack}" in told.stdout + told.stderr, command
    assert "it is not JSON" in quantos("state", "versions", environment.stack).stdout

    asked = quantos("state", "restore", environment.stack)
    assert (asked.returncode, checkpoint.read_bytes()) == (1, broken), asked.stdout

    done = quantos("state", "restore", environment.stack, "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{environment.stack}: no drift" in done.stdout
    kept = [path for path in checkpoint.parent.glob(f"{checkpoint.name}.replaced-*") if path.read_bytes() == broken]
    assert len(kept) == 1
    assert len(FileStateFiles(checkpoint.parents[3]).current(environment.stack).content or b"") >= len(whole) * 0.9
    assert quantos("doctor").stdout.count("quantos state restore") == 0
    assert resize(environment, 8, hours=3).status == "applied"
    assert environment.groups()["cpu"].minimum == 8


def test_an_older_version_takes_over_what_stands(environment: SmallEnvironment, checkpoint: Path) -> None:
    """The version is older than two resizes; the sizes that stand are read back, and a plan goes on from there."""
    oldest = FileStateFiles(checkpoint.parents[3]).versions(environment.stack)[-1]
    environment.set_desired("cpu", environment.groups()["cpu"].desired + 1)
    groups = environment.groups()

    done = quantos("state", "restore", environment.stack, "--to", oldest.name, "--yes")

    assert environment.groups() == groups
    assert known_sizes(checkpoint) == {
        pool: (size.minimum, size.maximum, size.desired) for pool, size in groups.items()
    }
    assert "aws:eks/nodeGroup" not in done.stdout, done.stdout + done.stderr
    assert resize(environment, 12, hours=5).status == "applied"


def test_a_version_without_a_node_group_names_the_one_that_stands(
    environment: SmallEnvironment, checkpoint: Path
) -> None:
    files = FileStateFiles(checkpoint.parents[3])
    newest = next(version for version in files.versions(environment.stack) if version.source == "backup")
    document = json.loads(files.content(newest))
    latest = document["checkpoint"]["latest"]
    latest["resources"] = [each for each in latest["resources"] if not each["urn"].endswith("NodeGroup::memory")]
    name = str(int(newest.name) - 1)
    (checkpoint.parents[3] / newest.key.replace(newest.name, name)).write_text(json.dumps(document))

    restoration = propose(files, environment.stack, name=name)
    unknown = strangers(environment.settings, environment.stack, restoration.checkpoint)

    assert [(each.name, each.type) for each in restoration.forgotten] == [("memory", "aws:eks/nodeGroup:NodeGroup")]
    group = compose_groups(environment.settings).names()["memory"]
    assert unknown == (f"pool memory: its node group {group} stands",)


def test_a_stack_that_another_holds_is_left_alone(environment: SmallEnvironment, checkpoint: Path) -> None:
    now = datetime.now(tz=UTC)
    leases, end = compose_leases(environment.settings), now + timedelta(minutes=10)
    robot = make_lease(host="away", name="robot", expires_at=end).holder
    taken = leases.take(environment.stack, holder=robot, sequence=1, now=now, expires_at=end, instead_of=None)
    assert taken is not None
    checkpoint.write_bytes(b"")
    try:
        refused = quantos("state", "restore", environment.stack, "--yes")
    finally:
        leases.release(taken, engines=())
    assert (refused.returncode, checkpoint.read_bytes()) == (1, b"")
    assert "busy" in refused.stderr
