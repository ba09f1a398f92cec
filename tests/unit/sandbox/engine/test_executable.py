import os
from pathlib import Path

import pytest
from pulumi.automation import PulumiCommand
from pulumi.automation.errors import InvalidVersionError
from semver import Version

from sandbox.engine.executable import Engine, Refusal, engine_on_path, resource_plugins
from sandbox.engine.version import BELOW_MAJOR, MINIMUM_VERSION, PINNED_VERSION, is_accepted, parse_version
from tests.support.engine_binaries import user_environment, write_engine, write_executable


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("v3.259.0\n", Version(3, 259, 0)),
        ("3.259.0", Version(3, 259, 0)),
        ("v3.260.0-alpha.1+abc", Version(3, 260, 0, "alpha.1", "abc")),
        ("", None),
        ("pulumi 3.259.0", None),
        ("v3.259", None),
    ],
)
def test_version_text_is_parsed_whole_or_not_at_all(text: str, version: Version | None) -> None:
    assert parse_version(text) == version


@pytest.mark.parametrize(
    ("version", "accepted"),
    [
        ("3.199.9", False),
        ("3.259.0-rc.1", False),
        ("3.259.0", True),
        ("3.999.0", True),
        ("4.0.0", False),
        ("4.0.0-alpha.1", False),
    ],
)
def test_range_holds_at_its_boundaries(version: str, accepted: bool) -> None:
    assert is_accepted(Version.parse(version)) is accepted


@pytest.mark.parametrize("version", [MINIMUM_VERSION, PINNED_VERSION])
def test_installed_automation_api_takes_what_is_accepted(tmp_path: Path, version: Version) -> None:
    write_engine(tmp_path / "bin", f"v{version}")
    assert PulumiCommand(root=str(tmp_path)).version == version


def test_installed_automation_api_refuses_the_major_version_that_is_not_accepted(tmp_path: Path) -> None:
    write_engine(tmp_path / "bin", f"v{BELOW_MAJOR}.0.0")
    with pytest.raises(InvalidVersionError):
        PulumiCommand(root=str(tmp_path))


def test_engine_on_path_names_its_folder_and_version(tmp_path: Path) -> None:
    bin_dir = write_engine(tmp_path / "bin")
    engine = engine_on_path(user_environment(tmp_path, bin_dir))
    assert engine == Engine(bin_dir=bin_dir, version="3.259.0", source="path")


def test_language_host_beside_the_target_of_a_link_counts(tmp_path: Path) -> None:
    real = write_engine(tmp_path / "opt" / "pulumi")
    linked = tmp_path / "bin"
    linked.mkdir()
    (linked / "pulumi").symlink_to(real / "pulumi")
    assert isinstance(engine_on_path(user_environment(tmp_path, linked)), Engine)


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("echo v3.258.0", "is version 3.258.0, accepted are >= 3.259.0, < 4"),
        ("echo v4.1.0", "is version 4.1.0, accepted are"),
        ("echo no idea", "calls its version 'no idea'"),
        ("exit 7", "does not run"),
    ],
)
def test_unfit_engine_on_path_is_refused_with_the_reason(tmp_path: Path, script: str, reason: str) -> None:
    bin_dir = write_engine(tmp_path / "bin")
    write_executable(bin_dir / "pulumi", script)
    refusal = engine_on_path(user_environment(tmp_path, bin_dir))
    assert isinstance(refusal, Refusal)
    assert reason in refusal.reason
    assert str(bin_dir / "pulumi") in refusal.reason


def test_engine_without_its_language_host_is_refused(tmp_path: Path) -> None:
    bin_dir = write_engine(tmp_path / "bin")
    (bin_dir / "pulumi-language-python").unlink()
    refusal = engine_on_path(user_environment(tmp_path, bin_dir))
    assert isinstance(refusal, Refusal)
    assert "no pulumi-language-python beside it" in refusal.reason


def test_engine_goes_first_on_the_search_path(tmp_path: Path) -> None:
    engine = Engine(bin_dir=tmp_path, version="3.259.0", source="built")
    assert engine.search_path("/usr/bin") == f"{tmp_path}:/usr/bin"
    assert engine.search_path("") == str(tmp_path)


def test_plugins_are_listed_once_and_the_first_on_path_wins(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    write_executable(first / "pulumi-resource-aws", "exit 0")
    write_executable(second / "pulumi-resource-aws", "exit 0")
    write_executable(second / "pulumi-resource-eks", "exit 0")
    (second / "pulumi-resource-notes.txt").write_text("not a program", encoding="utf-8")
    found = resource_plugins(os.pathsep.join([str(first), "", str(tmp_path / "absent"), str(second)]))
    assert [(plugin.name, plugin.executable.parent) for plugin in found] == [("aws", first), ("eks", second)]
