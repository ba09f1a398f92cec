"""Processor time of command lines, as ratios to a peer in the same run: to importing typer, and to an empty loop.

What the machine and its neighbours do to wall time is so left out, and most of what they do to processor time.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from statistics import median

import boto3

from benchmarks.measurement import ROOT, Figure, Report, now
from quantos.capacity.adapters.s3_plans import PlansBucket, S3PlanArchive
from sandbox import lifecycle
from sandbox.errors import SandboxError
from tests.support.demand_cases import make_demand, make_inputs, planned
from tests.support.environments import make_settings

BENCHMARK = "command_line"
TYPER = (sys.executable, "-c", "import typer")
LOOP = (sys.executable, "-c", "i = 0\nwhile i < 20_000_000:\n    i += 1\n")
QUANTOS = (sys.executable, "-c", "from cli.main import main; main()")
COMPLETED: Mapping[str, str] = {
    "COMP_WORDS": "quantos up dev --",
    "COMP_CWORD": "3",
    "_TYPER_COMPLETE_ARGS": "quantos up dev --",
}
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Line:
    """A command line, what it may end with, and the variables that it runs with."""

    name: str
    words: Sequence[str]
    codes: frozenset[int]
    variables: Mapping[str, str] = field(default_factory=dict)


WORDS_ONLY = (
    Line("help", ("--help",), frozenset({0})),
    Line("help_of_a_command", ("explain", "--help"), frozenset({0})),
    Line("unknown_command", ("grow",), frozenset({2})),
    Line("missing_argument", ("up",), frozenset({2})),
    Line("completion_bash", (), frozenset({0}), {**COMPLETED, "_QUANTOS_COMPLETE": "complete_bash"}),
    Line("completion_zsh", (), frozenset({0}), {**COMPLETED, "_QUANTOS_COMPLETE": "complete_zsh"}),
)


def measure(*, rounds: int, tell: Tell, command: str) -> Report:
    """Time every command line and both peers `rounds` times, in turns; a process each.

    Raises SandboxError where one ends otherwise than it should, or the sandbox does not start.
    """
    seconds: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        lines = [*WORDS_ONLY, *_working(Path(folder))]
        try:
            for turn in range(rounds):
                tell(f"round {turn + 1} of {rounds}")
                seconds.setdefault("typer", []).append(_cpu_seconds(TYPER, os.environ, codes=frozenset({0})))
                seconds.setdefault("loop", []).append(_cpu_seconds(LOOP, os.environ, codes=frozenset({0})))
                for line in lines:
                    spent = _cpu_seconds([*QUANTOS, *line.words], {**os.environ, **line.variables}, codes=line.codes)
                    seconds.setdefault(line.name, []).append(spent)
        finally:
            lifecycle.stop(Path(folder))
    figures = [
        *(_ratio(line.name, seconds, over="typer", unit="x `import typer`") for line in WORDS_ONLY),
        *(
            _ratio(line.name, seconds, over="loop", unit="x 20 million empty steps")
            for line in lines[len(WORDS_ONLY) :]
        ),
    ]
    return Report(BENCHMARK, command, f"{len(lines)} command lines, processor time", tuple(figures), now())


def _ratio(name: str, seconds: Mapping[str, Sequence[float]], *, over: str, unit: str) -> Figure:
    """The median of a command line over the median of its peer; the samples are seconds."""
    return Figure(
        name, median(seconds[name]) / median(seconds[over]), unit, tuple(round(sample, 3) for sample in seconds[name])
    )


def _cpu_seconds(command: Sequence[str], environment: Mapping[str, str], *, codes: frozenset[int]) -> float:
    before = getrusage(RUSAGE_CHILDREN)
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    after = getrusage(RUSAGE_CHILDREN)
    if done.returncode not in codes:
        raise SandboxError(
            f"{' '.join(command[3:])} ended with {done.returncode}: {done.stderr[-400:]}", remedy="run it by itself"
        )
    return (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime)


def _working(folder: Path) -> tuple[Line, ...]:
    """Commands that read and write in a sandbox of their own, where `dev` has what they ask for, and one plan."""
    sandbox = lifecycle.start(folder, project_root=ROOT)
    variables = {"QUANTOS_STATE_DIR": str(folder), "QUANTOS_SANDBOX": "1"}
    settings, plan = make_settings(), planned(make_inputs(make_demand()))
    names = settings.names()
    asked = {"endpoint_url": sandbox.endpoint_url, "aws_access_key_id": "test", "aws_secret_access_key": "test"}
    s3 = boto3.client("s3", region_name=settings.region, **asked)
    for purpose in ("plans", "audit"):
        s3.create_bucket(Bucket=names.bucket(purpose))
        s3.put_bucket_versioning(Bucket=names.bucket(purpose), VersioningConfiguration={"Status": "Enabled"})
    dynamo = boto3.client("dynamodb", region_name=settings.region, **asked)
    for table in (names.coordination_table, names.switch_table, names.audit_table):
        dynamo.create_table(
            TableName=table,
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in ("pk", "sk")],
            BillingMode="PAY_PER_REQUEST",
        )
    S3PlanArchive(PlansBucket(s3, names.bucket("plans"))).put(plan)
    done = frozenset({0})
    return (
        Line("explain", ("explain", plan.plan_id, "--env", "dev"), done, variables),
        Line("pause", ("pause", "dev", "--reason", f"drill at {time.time():.0f}"), done, variables),
        Line("resume", ("resume", "dev"), done, variables),
        Line("strategies_list", ("strategies", "list", "dev"), done, variables),
        Line("audit_verify", ("audit", "verify", "dev"), done, variables),
    )
