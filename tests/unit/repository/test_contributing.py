"""What people who carry on rely on is there: hooks, proposals of versions, type markers, a map whose paths exist."""

import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PAGES = ("CONTRIBUTING.md", "SECURITY.md")
MANIFESTS = {
    "uv": ("uv.lock",),
    "gomod": (
        "images/running/go/go.mod",
        "sandbox/engine/go/cli/go.mod",
        "sandbox/engine/go/languagehost/go.mod",
    ),
    "github-actions": (".github/workflows/ci.yml",),
}


def read(name: str) -> dict[str, Any]:
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


def test_every_package_that_is_shipped_says_that_it_is_typed() -> None:
    packages = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    assert [name for name in packages if not (ROOT / name / "py.typed").is_file()] == []


def test_every_kind_of_version_that_is_pinned_is_proposed_anew() -> None:
    updates = read(".github/dependabot.yml")["updates"]
    assert {update["package-ecosystem"] for update in updates} == set(MANIFESTS)
    for update in updates:
        folders = update.get("directories", [update.get("directory")])
        assert all((ROOT / folder.strip("/")).is_dir() for folder in folders)
    assert all((ROOT / name).is_file() for names in MANIFESTS.values() for name in names)
    (locked,) = (update for update in updates if update["package-ecosystem"] == "uv")
    assert locked["versioning-strategy"] == "lockfile-only"


def test_hooks_run_the_projects_own_programs() -> None:
    (repository,) = read(".pre-commit-config.yaml")["repos"]
    assert repository["repo"] == "local"
    hooks = {hook["id"]: hook for hook in repository["hooks"]}
    assert set(hooks) == {"format", "lint", "types", "message"}
    assert hooks["message"]["stages"] == ["commit-msg"]
    assert all(hook["entry"].startswith(".venv/bin/") for hook in hooks.values())


def test_continuous_integration_runs_on_every_version_of_python_that_is_promised() -> None:
    versions = read(".github/workflows/ci.yml")["jobs"]["run"]["strategy"]["matrix"]["python"]
    low, high = re.findall(r"\d+\.(\d+)", PROJECT["project"]["requires-python"])
    assert versions == [f"3.{minor}" for minor in range(int(low), int(high))]


def test_the_changelog_has_the_version_that_the_project_is() -> None:
    releases = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert releases[0] == "Unreleased"
    assert releases[1] == PROJECT["project"]["version"]


@pytest.mark.parametrize("page", PAGES)
def test_every_path_that_a_page_names_is_there(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    named = set(re.findall(r"`((?:[\w.-]+/)+[\w.-]*)`", text)) | set(re.findall(r"\]\(([\w./-]+)\)", text))
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    files = set(listed.stdout.split())
    folders = {str(parent) for name in files for parent in Path(name).parents}
    assert named
    assert sorted(name for name in named if name not in files and name.strip("/") not in folders) == []
