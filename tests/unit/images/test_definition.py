"""A definition is one file; what is wrong in any is told at once, by file and field."""

from pathlib import Path

import pytest

from images.definition import read_definitions
from images.errors import ImageError
from quantos.environment.conventions import FUNCTIONS_IMAGE

ROOT = Path(__file__).resolve().parents[3]
FOLDER = "^[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*$"
RUNNER = """
code = ["services"]
entrypoint = ["python", "-m", "services.runner"]
user = "1000:1000"
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "services").mkdir()
    (tmp_path / "definitions").mkdir()
    (tmp_path / "pyproject.toml").write_text('[dependency-groups]\nrunner = ["six"]\n', encoding="utf-8")
    return tmp_path


def write(project: Path, name: str, text: str) -> Path:
    folder = project / "definitions"
    (folder / f"{name}.toml").write_text(text, encoding="utf-8")
    return folder


def test_adding_an_image_is_one_file(project: Path) -> None:
    folder = write(project, "runner", RUNNER)
    (runner,) = read_definitions([], project=project, folder=folder)
    assert runner.name == "runner"
    assert runner.entrypoint == ("python", "-m", "services.runner")
    assert (runner.project, runner.groups, runner.tools, runner.home) == (False, (), (), "/app")


def test_the_functions_are_defined_with_their_engine_and_runtime_client() -> None:
    (functions,) = read_definitions([FUNCTIONS_IMAGE], project=ROOT)
    assert functions.tools == ("engine",)
    assert functions.groups == ("functions",)
    assert functions.project


@pytest.mark.parametrize("room", ["quantos", "lambdas", "components", "stacks", "policy_packs"])
def test_every_room_that_a_function_imports_is_in_its_image(room: str) -> None:
    (functions,) = read_definitions([FUNCTIONS_IMAGE], project=ROOT)
    assert room in functions.code
    assert functions.unpinned == ("stacks/environments",)


def test_every_committed_definition_holds() -> None:
    assert FUNCTIONS_IMAGE in {definition.name for definition in read_definitions([], project=ROOT)}


def test_every_fault_of_every_file_is_told_at_once(project: Path) -> None:
    write(project, "runner", RUNNER.replace("1000:1000", "root").replace('"services"', '"services", "gone"'))
    write(project, "Watcher", RUNNER + '[packages]\ngroups = ["watcher"]\n[environment]\nPATH = "/bin"\n')
    folder = write(project, "agent", "cod = 1\n")
    with pytest.raises(ImageError) as caught:
        read_definitions([], project=project, folder=folder)
    assert sorted(caught.value.what.splitlines()) == [
        "Watcher.toml: Watcher names no repository: write small letters and digits, with single dashes between",
        "Watcher.toml: environment.PATH: is set by the builder",
        "Watcher.toml: packages.groups.0: pyproject.toml has no group watcher, but runner",
        "agent.toml: cod: is not a known key; did you mean code?",
        f"agent.toml: code: is missing: a list of a text like {FOLDER}",
        "agent.toml: entrypoint: is missing: a list of a text",
        "agent.toml: user: is missing: a text",
        "runner.toml: code.1: gone is no folder of the project",
        "runner.toml: user: 'root' is not UID:GID with numbers from 1: no program runs as root",
    ]
    assert "docs/images.md" in caught.value.remedy


def test_a_file_that_is_no_toml_is_told(project: Path) -> None:
    folder = write(project, "runner", "code = [\n")
    with pytest.raises(ImageError, match=r"^runner\.toml: cannot be read: "):
        read_definitions(["runner"], project=project, folder=folder)


def test_a_name_without_a_definition_is_refused_with_those_that_there_are(project: Path) -> None:
    folder = write(project, "runner", RUNNER)
    with pytest.raises(ImageError, match="no image is defined as watcher; there are runner"):
        read_definitions(["watcher"], project=project, folder=folder)


def test_environment_files_lie_among_the_code(project: Path) -> None:
    folder = write(project, "runner", 'unpinned = ["stacks/environments"]\n' + RUNNER)
    with pytest.raises(ImageError, match="stacks/environments lies in none of the folders of code"):
        read_definitions(["runner"], project=project, folder=folder)
