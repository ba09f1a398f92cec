"""Where the orchestration of a sandbox runs, for those who ask it."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from quantos.deployment.adapters.processes import start_time
from sandbox.child_process import ProcessMark
from sandbox.errors import SandboxError

_FILE: Final = "orchestration.json"


@dataclass(frozen=True)
class ServiceRecord:
    """A running one."""

    environment: str
    address: str
    process: ProcessMark

    def write(self, state_dir: Path) -> None:
        """Keep it."""
        partial = state_dir / f"{_FILE}.partial"
        partial.write_text(json.dumps(asdict(self)), encoding="utf-8")
        partial.replace(state_dir / _FILE)


def own_mark() -> ProcessMark:
    """This very process."""
    return ProcessMark(os.getpid(), start_time(os.getpid()))


def recorded_service(state_dir: Path, environment: str) -> ServiceRecord:
    """The one that runs. Raises SandboxError where none does, or for another environment."""
    record = running_service(state_dir)
    if record is None:
        raise SandboxError(
            "no orchestration runs in this sandbox", remedy=f"start it: `quantos sandbox serve {environment}`"
        )
    if record.environment != environment:
        raise SandboxError(
            f"the orchestration of {record.environment} runs in this sandbox, and not that of {environment}",
            remedy="stop it, and start the other: one runs at a time",
        )
    return record


def ensure_none_runs(state_dir: Path) -> None:
    """Raise SandboxError where one runs: another would take its place, and the sandbox from under it."""
    record = running_service(state_dir)
    if record is not None:
        raise SandboxError(
            f"the orchestration of {record.environment} runs in this sandbox, as process {record.process.pid}",
            remedy="interrupt it first: one runs at a time",
        )


def running_service(state_dir: Path) -> ServiceRecord | None:
    """The one that runs; None where none does."""
    try:
        content = json.loads((state_dir / _FILE).read_text(encoding="utf-8"))
        process = ProcessMark(**content.pop("process"))
        record = ServiceRecord(**content, process=process)
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, AttributeError) as exc:
        raise SandboxError(f"{state_dir / _FILE} cannot be read: {exc}", remedy="remove it, and start again") from exc
    return record if record.process.alive() else None
