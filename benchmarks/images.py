"""Every function out of its image: started cold, called with what it is there for, and its memory held to its limit.

Containers run by runc behind AWS's emulator, read-only and with no network but the stand-in for AWS. `rounds` cold
starts are counted. The first start on a machine also reads the image from its disk.
"""

import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, get_args

from benchmarks.function_account import FunctionAccount, function_account
from benchmarks.function_calls import Calls
from benchmarks.measurement import ROOT, Figure, Report, now
from images.build import ARCHIVE_SUFFIX
from images.errors import ImageError
from images.running.bundle import MIB
from images.running.function import Answer, FunctionSetting, UnpackedImage, may_run, running, unpacked
from quantos.environment.conventions import FUNCTIONS_IMAGE
from quantos.environment.functions import FunctionSpec, function_table
from quantos.environment.settings.functions import FunctionName

BENCHMARK: Final = "images"
IMAGES_VARIABLE: Final = "QUANTOS_IMAGES"
IMAGES: Final = ROOT / "dist" / "images"
INIT_LIMIT_SECONDS: Final = 10.0
"""An initialisation that takes longer Lambda begins anew within the call (developer guide, "Init phase")."""


_REFUSED: Final = 400


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What a function took: seconds of each cold start, of its first call and its slowest, and its peak of memory."""

    name: str
    init_seconds: tuple[float, ...]
    first_seconds: float
    slowest_seconds: float
    calls: int
    peak_bytes: int
    errors: tuple[str, ...]


def measure(*, rounds: int, tell: Callable[[str], None], command: str) -> Report:
    """Run every function of `dev` from the built image.

    Raises QuantosError where no container can be run here, there is no image, or the environment does not come up.
    """
    if reason := may_run():
        raise ImageError(f"no container can be run: {reason}", remedy="run it as root on Linux, with runc")
    archive = Path(os.environ.get(IMAGES_VARIABLE, str(IMAGES))) / f"{FUNCTIONS_IMAGE}{ARCHIVE_SUFFIX}"
    if not archive.is_file():
        raise ImageError(
            f"there is no {archive}", remedy="build it: `quantos images build functions --debian bookworm`"
        )
    tell("unpacking")
    image = unpacked(archive, environ=os.environ)
    with tempfile.TemporaryDirectory() as folder:
        tell("bringing the capacity stack up")
        with function_account(Path(folder)) as account:
            specs = function_table(account.calls.settings)
            measured = [measured_function(image, spec, account, rounds=rounds, tell=tell) for spec in specs]
    calls = account.calls
    return _report(measured, image, calls, command=command)


def measured_function(
    image: UnpackedImage, spec: FunctionSpec, account: FunctionAccount, *, rounds: int, tell: Callable[[str], None]
) -> Measured:
    """Start a function cold `rounds` times and call it with the first event; the last time with all that there are."""
    calls, settings = account.calls, account.calls.settings
    setting = FunctionSetting(
        name=settings.names().function(spec.name),
        handler=f"{spec.module}.handler",
        memory_mib=settings.functions.memory_mib,
        timeout_seconds=spec.timeout_seconds,
        variables=account.variables(spec),
        aws_port=account.port,
        readable=account.readable(spec),
    )
    inits: list[float] = []
    seconds: list[float] = []
    errors: list[str] = []
    peak = calls_made = 0
    for turn in range(rounds):
        last = turn == rounds - 1
        with running(image, setting, environ=os.environ) as function:
            for place, call in enumerate(calls.of(function_named(spec))):
                if place and not last:
                    break
                tell(f"{spec.name}, start {turn + 1} of {rounds}, call {place + 1}")
                answer = function.call(call.event)
                seconds.append(answer.seconds)
                errors += refusals(answer)
                calls_made = place + 1
            inits.append(function.init_seconds())
            peak = max(peak, function.memory().peak_bytes)
    return Measured(
        name=spec.name, init_seconds=tuple(inits), first_seconds=seconds[0], slowest_seconds=max(seconds),
        calls=calls_made, peak_bytes=peak, errors=tuple(errors),
    )  # fmt: skip


def function_named(spec: FunctionSpec) -> FunctionName:
    """The function's name, of those that there are."""
    (name,) = (name for name in get_args(FunctionName) if name == spec.name)
    return name


def refusals(answer: Answer) -> list[str]:
    """Why an answer is not what was asked for: an error, or what the API answers to a request that it does not take."""
    if answer.error:
        return [answer.error]
    if isinstance(answer.value, dict) and "failed" in answer.value.values():
        return ["a plan failed: the function's log says why"]
    status = answer.value.get("statusCode", 200) if isinstance(answer.value, dict) else 200
    return [] if isinstance(status, int) and status < _REFUSED else [f"{status}: {answer.value}"]


def _row(each: Measured, limit: int) -> list[str]:
    return [
        each.name,
        f"{min(each.init_seconds):.2f}",
        f"{each.first_seconds:.2f}",
        f"{each.slowest_seconds:.2f}",
        str(each.calls),
        f"{each.peak_bytes / MIB:.0f}",
        f"{each.peak_bytes / MIB / limit:.0%}",
        each.errors[0][:60] if each.errors else "",
    ]


def _report(measured: list[Measured], image: UnpackedImage, calls: Calls, *, command: str) -> Report:
    limit = calls.settings.functions.memory_mib
    head = ["function", "cold start s", "first call s", "slowest s", "calls", "peak MiB", f"of {limit} MiB", "error"]
    table = [head, *(_row(each, limit) for each in measured)]
    figures = (
        Figure("peak_of_memory", max(each.peak_bytes / MIB / limit for each in measured), "peak / memory_mib, worst"),
        Figure(
            "cold_start_of_limit",
            max(min(each.init_seconds) for each in measured) / INIT_LIMIT_SECONDS,
            f"cold start / {INIT_LIMIT_SECONDS:.0f} s, worst",
        ),
        Figure("failed_functions", float(sum(bool(each.errors) for each in measured)), "functions"),
    )
    subject = f"{len(measured)} functions out of {FUNCTIONS_IMAGE}@{image.digest[:19]}, {limit} MiB each"
    return Report(
        BENCHMARK, command, subject, figures, now(), tables=(table,), details=[vars(each) for each in measured]
    )
