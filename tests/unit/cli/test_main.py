"""What every command keeps: exit codes, the target named first, errors of one paragraph, options anywhere."""

import json
import os
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace

import pytest
from moto import mock_aws

from cli.main import command_line
from quantos.errors import EngineError, SettingsError
from sandbox.errors import SandboxError
from tests.unit.cli.conftest import Command

ON_AN_ENVIRONMENT = (
    ("up", "dev"),
    ("env", "dev"),
    ("drift", "dev"),
    ("destroy", "dev", "--yes"),
    ("unlock", "dev-capacity", "--yes"),
    ("state", "versions", "dev-capacity"),
    ("cost", "dev"),
    ("plan", "dev"),
    ("resize", "dev"),
    ("explain", "0000", "--env", "dev"),
    ("replay", "0000", "--env", "dev"),
    ("pause", "dev", "--reason", "drill"),
    ("resume", "dev"),
    ("audit", "verify", "dev"),
    ("strategies", "list", "dev"),
    ("sources", "list", "dev"),
    ("sources", "retire", "dev", "workload/orders", "gw-1"),
    ("pools", "propose", "dev"),
)
ALL = (*ON_AN_ENVIRONMENT, ("sandbox", "status"), ("sandbox", "stop"), ("doctor",))
ACCOUNT = "123456789012"


@pytest.fixture
def account() -> Iterator[None]:
    """Credentials of the account that `dev` lives in; nothing is in it."""
    os.environ.update(AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test")
    with mock_aws():
        yield


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param((), id="nothing"),
        pytest.param(("grow",), id="unknown-command"),
        pytest.param(("up",), id="no-environment"),
        pytest.param(("up", "dev", "--fast"), id="unknown-option"),
        pytest.param(("up", "dev", "--layer", "roof"), id="unknown-layer"),
        pytest.param(("pause", "dev"), id="pause-without-reason"),
        pytest.param(("demo", "--trace", "demand.csv", "--gaps", "perhaps"), id="unknown-gaps"),
        pytest.param(("sandbox", "reboot"), id="unknown-sandbox-command"),
    ],
)
def test_wrong_usage_exits_2_and_touches_nothing(
    arguments: tuple[str, ...], quantos: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("cli.checkout.demo.find_engine", lambda progress: pytest.fail("the demo went on"))
    said = quantos(*arguments)
    assert said.code == 2
    assert "Traceback" not in said.err + said.out
    assert not (tmp_path / "state" / "sandbox.json").exists()


def test_an_unknown_layer_is_answered_with_the_layers_there_are(quantos: Command) -> None:
    assert "foundation, capacity, platform, control" in quantos("up", "dev", "--layer", "roof").err


def test_help_is_printed_and_exits_0(quantos: Command) -> None:
    said = quantos("--help")
    assert said.code == 0
    for command in (
        "up",
        "env",
        "plan",
        "resize",
        "explain",
        "replay",
        "pause",
        "resume",
        "doctor",
        "demo",
        "images",
        "sandbox",
        "audit",
    ):
        assert f" {command} " in said.out


@pytest.mark.parametrize("arguments", ON_AN_ENVIRONMENT, ids=" ".join)
def test_without_credentials_no_target_is_guessed(arguments: tuple[str, ...], quantos: Command) -> None:
    said = quantos(*arguments)
    assert (said.code, said.out) == (1, "")
    assert said.first_line.startswith("Error: there are no usable AWS credentials")
    assert "--sandbox" in said.first_line


@pytest.mark.parametrize("arguments", ALL, ids=" ".join)
@pytest.mark.usefixtures("account")
def test_the_first_line_says_the_target(arguments: tuple[str, ...], quantos: Command) -> None:
    said = quantos(*arguments)
    assert said.first_line.startswith("target: ")
    if arguments in ON_AN_ENVIRONMENT:
        assert said.first_line == f"target: dev in AWS account {ACCOUNT}, region us-east-1"


@pytest.mark.usefixtures("account")
def test_credentials_of_another_account_are_refused(quantos: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOTO_ACCOUNT_ID", "999988887777")
    said = quantos("plan", "dev")
    assert said.code == 1
    assert "999988887777" in said.err
    assert ACCOUNT in said.err


@pytest.mark.usefixtures("account")
def test_a_missing_engine_is_told_with_the_way_to_get_it(quantos: Command) -> None:
    said = quantos("up", "dev", "--layer", "foundation")
    assert said.code == 1
    assert said.err.splitlines()[-1].startswith("Error: the Pulumi engine cannot be started")
    assert "quantos doctor" in said.err


def test_an_error_is_one_paragraph_with_a_remedy(quantos: Command) -> None:
    said = quantos("plan", "nowhere")
    assert (said.code, said.out) == (1, "")
    assert len(said.err.strip().splitlines()) == 1
    assert "nowhere.yaml" in said.err
    assert "Name one of the environments there are: dev, prod, staging." in said.err


@pytest.mark.parametrize(
    "arguments", [("--debug", "plan", "nowhere"), ("plan", "--debug", "nowhere"), ("plan", "nowhere", "--debug")]
)
def test_debug_anywhere_raises_the_error_itself(arguments: tuple[str, ...], quantos: Command) -> None:
    with pytest.raises(SettingsError, match=r"nowhere\.yaml"):
        quantos(*arguments)


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Path]:
    """Folders in which a sandbox was asked to start; none starts."""
    asked: list[Path] = []

    def start(folder: Path, **_: object) -> None:
        asked.append(folder)
        raise SandboxError("no sandbox in this test", remedy="none")

    monkeypatch.setenv("QUANTOS_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setattr("sandbox.lifecycle.start", start)
    monkeypatch.setattr("cli.target.find_engine", lambda **_: SimpleNamespace(bin_dir=None))
    return asked


@pytest.mark.parametrize(
    "arguments", [("--sandbox", "plan", "dev"), ("plan", "--sandbox", "dev"), ("plan", "dev", "--sandbox")]
)
@pytest.mark.usefixtures("account")
def test_sandbox_anywhere_starts_the_sandbox_that_is_not_running_and_never_takes_the_account(
    arguments: tuple[str, ...], quantos: Command, started: list[Path]
) -> None:
    said = quantos(*arguments)
    assert said.code == 1
    assert said.err == "Error: no sandbox in this test. None.\n"
    assert [folder.name for folder in started] == ["state"]


@pytest.mark.parametrize(("value", "sandboxed"), [("1", True), ("0", False), ("", False)])
@pytest.mark.usefixtures("account")
def test_the_variable_targets_the_sandbox_too(
    value: str, sandboxed: bool, quantos: Command, started: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QUANTOS_SANDBOX", value)
    quantos("plan", "dev")
    assert bool(started) is sandboxed


@pytest.mark.usefixtures("account", "started")
def test_what_an_engine_said_after_the_cause_is_left_for_debug(
    quantos: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = EngineError("stack dev-foundation: it exists already", remedy="correct the cause")
    failed.add_note("update failed")

    def fails(*_: object, **__: object) -> None:
        raise failed

    monkeypatch.setattr("cli.target.load_environment", fails)
    said = quantos("plan", "dev", "--sandbox").err
    assert said.endswith("it exists already. Correct the cause. --debug shows what else was told (1).\n")
    assert "update failed" not in said


def test_brackets_in_an_error_are_printed_as_they_are(
    quantos: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    state = tmp_path / "[bold]"
    state.mkdir()
    (state / "sandbox.json").write_text("{", encoding="utf-8")
    monkeypatch.setenv("QUANTOS_STATE_DIR", str(state))
    assert f"remove the folder {state}".lower() in quantos("sandbox", "status").err.lower()


def test_an_interrupt_exits_130_in_one_line(quantos: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_state_dir: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("sandbox.lifecycle.status", interrupted)
    said = quantos("sandbox", "status")
    assert said.code == 130
    assert said.err.splitlines()[-1] == "Interrupted."


def test_every_command_is_covered_by_the_target_test() -> None:
    """Those left out bring no environment up, or one in a sandbox of their own; or they ask an API by its address."""
    commands = set(command_line().commands)
    assert commands - {arguments[0] for arguments in ALL} == {
        "approve-burst",
        "backtest",
        "cancel",
        "charts",
        "dag",
        "demo",
        "demo-orchestration",
        "images",
        "lineage",
        "logs",
        "manifests",
        "pr-check",
        "rerun",
        "status",
        "submissions",
        "submit",
        "why",
    }


def test_the_version_is_that_of_the_package(quantos: Command) -> None:
    said = quantos("--version")
    assert (said.code, said.out) == (0, f"quantos {metadata.version('quantos')}\n")


class TestSandboxStatus:
    def test_stopped_exits_1(self, quantos: Command) -> None:
        said = quantos("sandbox", "status")
        assert (said.code, said.out) == (1, "stopped\n")

    def test_a_killed_one_is_stale_and_exits_1(self, quantos: Command, tmp_path: Path) -> None:
        state = tmp_path / "state"
        state.mkdir()
        record = {"endpoint_url": "http://127.0.0.1:9", "pid": 2**22 + 1, "started": "1", "engine_bin_dir": ""}
        (state / "sandbox.json").write_text(json.dumps(record), encoding="utf-8")
        said = quantos("sandbox", "status")
        assert said.code == 1
        assert said.out.startswith("stale")

    def test_stopping_what_does_not_run_is_no_error(self, quantos: Command) -> None:
        said = quantos("sandbox", "stop")
        assert (said.code, said.out) == (0, "nothing to stop: it was stopped\n")

    def test_a_damaged_record_names_the_file(self, quantos: Command, tmp_path: Path) -> None:
        state = tmp_path / "state"
        state.mkdir()
        (state / "sandbox.json").write_text("{", encoding="utf-8")
        with pytest.raises(SandboxError, match=r"sandbox\.json"):
            quantos("sandbox", "status", "--debug")
