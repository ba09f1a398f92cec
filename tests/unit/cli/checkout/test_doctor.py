"""The doctor says what a real Trino needs, and whether it is here."""

from pathlib import Path

import pytest

from cli.checkout.doctor import trino_finding
from sandbox.lake import postgres, trino_files
from tests.support.engine_binaries import write_executable

NEEDS = "Trino 476 needs Java 24 or later, Maven (which fetches it once) and Postgres"


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """One with nothing but a shell."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "sh").symlink_to("/bin/sh")
    monkeypatch.setattr(trino_files, "JVM_FOLDER", tmp_path / "jvm")
    monkeypatch.setattr(postgres, "FOLDERS", tmp_path / "postgresql")
    return {"HOME": str(tmp_path), "PATH": str(tmp_path / "bin")}


def test_what_trino_lacks_is_named(machine: dict[str, str]) -> None:
    finding = trino_finding(machine)
    assert (finding.status, finding.remedy) == ("warning", "Install Java 24 or later, Maven, Postgres for `--trino`.")
    assert finding.detail.startswith(f"{NEEDS}; missing: Java 24 or later, Maven, Postgres. ")


@pytest.mark.parametrize(("java", "status"), [("17.0.15", "warning"), ("24", "ok"), ("25.0.1", "ok")])
def test_trino_needs_a_newer_java_than_kafka(machine: dict[str, str], tmp_path: Path, java: str, status: str) -> None:
    write_executable(tmp_path / "bin" / "java", f"echo 'openjdk version \"{java}\"' >&2")
    for name in ("mvn", "initdb"):
        write_executable(tmp_path / "bin" / name, "")
    finding = trino_finding(machine)
    assert (finding.status, "Java 24" in finding.remedy) == (status, status == "warning")


def test_a_java_that_does_not_run_and_an_unknown_home_are_told(machine: dict[str, str], tmp_path: Path) -> None:
    java = tmp_path / "bin" / "java"
    java.write_bytes(b"\0no program")
    java.chmod(0o755)
    assert "Java 24 or later" in trino_finding(machine).remedy
    del machine["HOME"]
    assert trino_finding(machine).remedy == "Set HOME."
