from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from sandbox.engine.display import count_text, shown_progress
from sandbox.engine.doctor import Finding, diagnose, python_finding, state_findings
from sandbox.engine.progress import EngineProgress
from tests.support.checkpoints import checkpoint
from tests.support.engine_binaries import FakeSource, write_engine, write_executable


def findings(environment: dict[str, str], tmp_path: Path) -> dict[str, Finding]:
    found = diagnose(
        environment=environment, sources=(FakeSource(log=tmp_path / "log"),), bootstrapped=tmp_path / "bootstrapped"
    )
    assert all(finding.remedy for finding in found if finding.status != "ok")
    return {finding.name: finding for finding in found}


def bare_environment(tmp_path: Path) -> dict[str, str]:
    bin_dir = tmp_path / "bin"
    bin_dir.mkdir(exist_ok=True)
    (bin_dir / "sh").symlink_to("/bin/sh")
    return {"HOME": str(tmp_path), "PATH": str(bin_dir)}


def test_bare_machine_lacks_tools_and_engine_but_only_warns_of_what_is_optional(tmp_path: Path) -> None:
    found = findings(bare_environment(tmp_path), tmp_path)
    missing = {name for name, finding in found.items() if finding.status == "missing"}
    warned = {name for name, finding in found.items() if finding.status == "warning"}
    assert missing == {"uv", "git", "make", "engine"}
    assert warned == {"plugins", "go", "java", "maven", "aws credentials"}
    assert not (tmp_path / "log").exists()


def test_a_uv_that_the_project_was_bootstrapped_with_is_enough(tmp_path: Path) -> None:
    environment = bare_environment(tmp_path)
    write_executable(tmp_path / "bootstrapped" / "uv", "echo 'uv 0.13.8'")
    assert findings(environment, tmp_path)["uv"].status == "ok"


def test_full_machine_is_ok_and_says_what_is_there(tmp_path: Path) -> None:
    environment = bare_environment(tmp_path) | {"AWS_PROFILE": "desk"}
    bin_dir = write_engine(tmp_path / "bin")
    answers = {
        "uv": "uv 0.13.8",
        "git": "git version 2.39.5",
        "make": "GNU Make 4.3",
        "go": "go1.26.8",
        "java": 'openjdk version "17.0.15" 2025-04-15',
        "mvn": "",
        "pulumi-resource-aws": "",
    }
    for name, answer in answers.items():
        write_executable(bin_dir / name, f"echo '{answer}'")
    found = findings(environment, tmp_path)
    assert {finding.status for finding in found.values()} == {"ok"}
    assert found["engine"].detail == f"pulumi 3.259.0 (path) in {bin_dir}"
    assert found["language host"].detail == str(bin_dir / "pulumi-language-python")
    assert found["plugins"].detail == f"aws ({bin_dir / 'pulumi-resource-aws'})"
    assert "desk" not in found["aws credentials"].detail


def test_engine_that_is_refused_is_named_beside_what_is_missing(tmp_path: Path) -> None:
    write_engine(tmp_path / "old", "v3.100.0")
    environment = bare_environment(tmp_path)
    environment["PATH"] += f":{tmp_path / 'old'}"
    engine = findings(environment, tmp_path)["engine"]
    assert engine.status == "missing"
    assert "3.100.0, accepted are" in engine.detail


@pytest.mark.parametrize(
    ("tool", "answer", "named"),
    [("go", "go1.19", "1.25.11"), ("java", 'java version "1.8.0_392"', "Java 17"), ("java", "what", "Java 17")],
)
def test_old_optional_tool_is_a_warning(tmp_path: Path, tool: str, answer: str, named: str) -> None:
    environment = bare_environment(tmp_path)
    write_executable(tmp_path / "bin" / tool, f"echo '{answer}'")
    finding = findings(environment, tmp_path)[tool]
    assert finding.status == "warning"
    assert named in finding.detail


def test_credentials_file_counts(tmp_path: Path) -> None:
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "credentials").write_text("[default]\n", encoding="utf-8")
    assert findings(bare_environment(tmp_path), tmp_path)["aws credentials"].status == "ok"


def test_a_state_of_the_sandbox_that_cannot_be_loaded_is_named_with_its_remedy(tmp_path: Path) -> None:
    stacks = tmp_path / ".pulumi" / "stacks" / "quantos"
    assert state_findings(tmp_path) == ()
    stacks.mkdir(parents=True)
    (tmp_path / ".pulumi" / "meta.yaml").write_text("version: 1\n")
    (stacks / "dev-foundation.json").write_bytes(checkpoint())
    assert [finding.status for finding in state_findings(tmp_path)] == ["ok"]
    (stacks / "dev-capacity.json").touch()
    (finding,) = state_findings(tmp_path)
    assert finding.status == "missing"
    assert "dev-capacity" in finding.detail
    assert "quantos state restore dev-capacity --sandbox" in finding.remedy


@pytest.mark.parametrize(
    ("version", "status"),
    [((3, 10, 14), "missing"), ((3, 11, 0), "ok"), ((3, 13, 9), "ok"), ((3, 14, 0), "missing")],
)
def test_python_range(version: tuple[int, int, int], status: str) -> None:
    assert python_finding(version).status == status


def test_lines_off_a_terminal_come_at_once_for_a_new_stage_and_seldom_for_a_running_one() -> None:
    output = StringIO()
    with shown_progress(Console(file=output, width=200)) as progress:
        for elapsed_s in (0.0, 1.0, 4.0, 6.0):
            progress(EngineProgress(stage="Compiling", done=int(elapsed_s), total=9, unit="parts", elapsed_s=elapsed_s))
        progress(EngineProgress(stage="Linking", elapsed_s=6.5))
    lines = [line.split() for line in output.getvalue().splitlines()]
    assert lines == [
        ["0", "s", "Compiling", "0/9", "parts"],
        ["6", "s", "Compiling", "6/9", "parts"],
        ["6", "s", "Linking"],
    ]


def test_terminal_shows_the_stage_and_how_far(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    output = StringIO()
    with shown_progress(Console(file=output, width=200, force_terminal=True)) as progress:
        progress(EngineProgress(stage="Compiling", done=3, total=9, unit="packages"))
    assert "Compiling" in output.getvalue()
    assert "3/9 packages" in output.getvalue()


def test_count_without_an_end_is_a_plain_count() -> None:
    assert count_text(EngineProgress(stage="", done=12, unit="modules")) == "12 modules"
    assert not count_text(EngineProgress(stage=""))
