"""Runs programs as Ray jobs, each under an id that its attempt's name stands for: Ray takes an id once."""

import hashlib
import shlex
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import JsonValue

from quantos.deployment.adapters.processes import LocalProcesses
from quantos.errors import OrchestrationError
from quantos.orchestration.attempt.ending import Limits
from quantos.orchestration.attempt.environment import Environment, Environments
from quantos.orchestration.attempt.folder import AttemptFolder
from quantos.orchestration.attempt.launching import Launch, notes_of, program_variables
from quantos.orchestration.attempt.processes import last_line, last_words
from quantos.orchestration.attempt.ray_head import RayHead, RayHeads
from quantos.orchestration.execution.classify import ExitFacts
from quantos.orchestration.execution.local import Evidence, Program, Ran

POLL_SECONDS: Final = 0.3
SUBMIT_SECONDS: Final = 180.0
_OVER: Final = frozenset({"SUCCEEDED", "FAILED", "STOPPED"})
_ID_DIGITS: Final = 24
SHARED: Final = "its tasks may write other jobs' workspaces: Ray's workers serve all jobs"


@dataclass(frozen=True, kw_only=True)
class RayEngine:
    """One worker's.

    Attributes:
        state: the executor's folder, where it keeps what is known of its Ray.
        gpus: that Ray is told of.
    """

    images: Environments
    folder: AttemptFolder
    state: Path
    gpus: int

    def run(self, program: Program) -> Ran:
        """Run a program as a job until that has ended."""
        environment = self.images.environment(program.image)
        head = RayHeads(self.state).ensure(environment, gpus=self.gpus)
        job = job_id_of(program.name)
        _submit(head, job, self._submission(job, program, environment, head=head))
        facts, info = self._wait(head, job, program)
        return Ran(facts=facts, evidence=_evidence(head, info, notes=(*notes_of(program, environment), SHARED)))

    def _submission(self, job: str, program: Program, environment: Environment, *, head: RayHead) -> JsonValue:
        variables = program_variables(program, environment)
        launch = Launch(
            name=program.name,
            command=(
                "/bin/sh",
                "-c",
                f'exec "$@" >>{shlex.quote(str(self.folder.log))} 2>&1',
                "sh",
                *environment.command,
            ),
            folder=program.folder,
            variables=variables,
            reads=(environment.folder, program.secrets, Path(head.folder)),
            writes=(program.folder, self.folder.log, Path(head.folder), Path("/dev/shm")),  # noqa: S108  Ray's objects
            cores=program.given.cores,
            keeps=("RAY_",),
        )
        entrypoint = shlex.join(launch.write(self.folder.path / "launch.json"))
        for_tasks: dict[str, JsonValue] = {**variables, "OMP_NUM_THREADS": "1"}
        return {
            "submission_id": job,
            "entrypoint": entrypoint,
            "runtime_env": {"env_vars": for_tasks, "py_executable": str(environment.python)},
            "metadata": {"attempt": program.name},
        }

    def _wait(self, head: RayHead, job: str, program: Program) -> tuple[ExitFacts, Mapping[str, JsonValue]]:
        limits = Limits(folder=self.folder, given=program.given, pids=tuple)
        stopped, exceeded = False, ""
        info: Mapping[str, JsonValue] = {}
        while info.get("status") not in _OVER:
            if LocalProcesses().gone(head.process):
                return ExitFacts(lost="Ray's head is gone", stopped=stopped, limit=exceeded), info
            time.sleep(POLL_SECONDS)
            if not (stopped or exceeded) and (limits.stopped() or limits.exceeded()):
                stopped, exceeded = limits.stopped(), limits.exceeded()
                head.call("POST", f"/api/jobs/{job}/stop")
            info = _info(head, job) or info
        code = info.get("driver_exit_code")
        said = last_line(self.folder.log) or last_words(str(info.get("message", "")))
        facts = ExitFacts(
            exit_code=0 if info["status"] == "SUCCEEDED" else code if isinstance(code, int) and code > 0 else None,
            signal=-code if isinstance(code, int) and code < 0 else None,
            stopped=stopped,
            limit=exceeded,
            said=said,
        )
        return facts, info


@dataclass(frozen=True)
class RayLeftovers:
    """Jobs whose workers are gone."""

    state: Path

    def end(self, name: str) -> None:
        """Stop an attempt's job, where there is one. Key: the attempt."""
        head = RayHeads(self.state).running()
        if head is None:
            return
        job = job_id_of(name)
        if any(each.get("submission_id") == job and each.get("status") not in _OVER for each in _jobs(head)):
            head.call("POST", f"/api/jobs/{job}/stop")


def job_id_of(name: str) -> str:
    """The id of an attempt's job."""
    return f"quantos-{hashlib.sha256(name.encode()).hexdigest()[:_ID_DIGITS]}"


def ids_in(info: Mapping[str, JsonValue]) -> tuple[str, ...]:
    """What Ray calls a job in its list; one that was stopped before it began has no job's id."""
    job = (f"job {info['job_id']}",) if info.get("job_id") else ()
    return (*job, f"submission {info.get('submission_id')}")


def _submit(head: RayHead, job: str, submission: JsonValue) -> None:
    """Submit a job. Key: its id, which is asked for where it is not known whether Ray took it.

    A head that has just started has no agent for jobs yet, and refuses them.
    """
    until = time.monotonic() + SUBMIT_SECONDS
    while True:
        try:
            head.call("POST", "/api/jobs/", body=submission)
        except OrchestrationError:
            if any(each.get("submission_id") == job for each in _jobs(head)):
                return
            if time.monotonic() > until or LocalProcesses().gone(head.process):
                raise
            time.sleep(POLL_SECONDS)
        else:
            return


def _info(head: RayHead, job: str) -> Mapping[str, JsonValue] | None:
    """What Ray says of a job; None where nobody answers now."""
    try:
        return head.call("GET", f"/api/jobs/{job}")
    except OrchestrationError as error:
        if error.retryable:
            return None
        raise


def _jobs(head: RayHead) -> list[dict[str, JsonValue]]:
    listed = head.call("GET", "/api/jobs/").get("answer")
    return [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []


def _evidence(head: RayHead, info: Mapping[str, JsonValue], *, notes: tuple[str, ...]) -> Evidence:
    version = str(head.call("GET", "/api/version")["ray_version"])
    return Evidence(engine="ray", version=version, reality="real", notes=(*ids_in(info), *notes))
