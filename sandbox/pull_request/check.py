"""Checks a pull request: what the change can touch, a throwaway sandbox for each environment, and what was found."""

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeAlias

from quantos.errors import SettingsError
from quantos.pull_request.model import EnvironmentFinding, LayerFinding, PullRequestFinding, Revision
from quantos.pull_request.sources import SourceTree
from quantos.pull_request.touched import Touch, removed, touch_of
from sandbox import lifecycle
from sandbox.pull_request.protocol import MESSAGE, QUESTION, EnvironmentMessage, EnvironmentQuestion, LayerQuestion
from sandbox.pull_request.revisions import extract

Teller: TypeAlias = Callable[[EnvironmentMessage], None]
Process: TypeAlias = subprocess.Popen[bytes]
ELSEWHERE = ("AWS_", "KUBECONFIG", "PULUMI_", "QUANTOS_")
"""Variables by which this process may target an account, a cluster or a backend; a check targets only its own."""


@dataclass(frozen=True, kw_only=True)
class PullRequestCheck:
    """A check of one head against one base.

    Args:
        root: the checkout. Its files are the head where `head_extracted` is false, else the head's commit is read.
        environments: those to check; all that the head declares when empty.
        engine_bin_dir: folder of the Pulumi executables; None when they are on PATH.
        side_by_side: how many environments are checked at a time.
        tell: is told what happens, from several threads.
    """

    root: Path
    base: Revision
    head: Revision
    head_extracted: bool
    environments: Sequence[str]
    engine_bin_dir: Path | None
    side_by_side: int
    tell: Teller

    def run(self) -> PullRequestFinding:
        """Check it. Every sandbox, process and folder it made is gone afterwards, whatever happens.

        Raises:
            RevisionError: base or head cannot be read. SandboxError: moto does not start or end.
            SettingsError: the head declares no environment of a name asked for.
        """
        started = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="quantos-pr-") as name:
            folder = Path(name).resolve()
            base = SourceTree(extract(self.root, self.base.commit, folder=folder / "base"))
            head = SourceTree(
                extract(self.root, self.head.commit, folder=folder / "head") if self.head_extracted else self.root
            )
            environments = self._environments(head, base, folder)
            notes = removed(head, base)
        seconds = round(time.monotonic() - started, 1)
        return PullRequestFinding(
            base=self.base, head=self.head, environments=environments, notes=notes, seconds=seconds
        )

    def _environments(self, head: SourceTree, base: SourceTree, folder: Path) -> tuple[EnvironmentFinding, ...]:
        if unknown := sorted(set(self.environments) - set(head.environments)):
            raise SettingsError(
                f"the head has no environment {', '.join(unknown)}",
                remedy=f"name one of those there are: {', '.join(head.environments)}",
            )
        touches = [touch_of(name, head=head, base=base) for name in self.environments or head.environments]
        checks = [_EnvironmentCheck(self, touch, head.root, base.root, folder / touch.environment) for touch in touches]
        with ThreadPoolExecutor(self.side_by_side) as pool:
            futures = [pool.submit(check.run) for check in checks]
            try:
                return tuple(future.result() for future in futures)
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                for check in checks:
                    check.end()
                raise


@dataclass
class _EnvironmentCheck:
    """One environment in a sandbox of its own."""

    asked: PullRequestCheck
    touch: Touch
    head: Path
    base: Path
    state_dir: Path
    ended: threading.Event = field(default_factory=threading.Event)
    process: Process | None = None

    def run(self) -> EnvironmentFinding:
        """What was found; nothing is started where the change can touch nothing."""
        if not self.touch.any:
            return self._skipped()
        with self._sandbox() as sandbox:
            return self._asked_of(sandbox)

    def end(self) -> None:
        """End what runs, and start nothing more."""
        self.ended.set()
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)

    @contextmanager
    def _sandbox(self) -> Iterator[lifecycle.Sandbox]:
        try:
            yield lifecycle.start(self.state_dir, project_root=self.head, engine_bin_dir=self.asked.engine_bin_dir)
        finally:
            lifecycle.stop(self.state_dir)

    def _asked_of(self, sandbox: lifecycle.Sandbox) -> EnvironmentFinding:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(ELSEWHERE)}
        environment = {**inherited, **sandbox.environ(), "PYTHONPATH": str(self.head)}
        environment |= {lifecycle.STATE_VARIABLE: str(self.state_dir), **lifecycle.ONE_CHECKPOINT}
        log = self.state_dir / "logs" / "check.log"
        finding: EnvironmentFinding | None = None
        with (
            log.open("wb") as errors,
            subprocess.Popen(
                [sys.executable, "-P", "-m", "sandbox.pull_request.environment_check"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                cwd=self.head,
                env=environment,
                start_new_session=True,
            ) as self.process,
        ):
            if self.ended.is_set():
                self.end()
            try:
                finding = self._heard(self.process, sandbox)
            finally:
                self.end()
        return finding or self._silent(log)

    def _heard(self, process: Process, sandbox: lifecycle.Sandbox) -> EnvironmentFinding | None:
        if process.stdin is None or process.stdout is None:
            return None
        with suppress(BrokenPipeError):
            process.stdin.write(QUESTION.dump_json(self._question(sandbox)))
            process.stdin.close()
        for line in process.stdout:
            message = MESSAGE.validate_json(line)
            if message.finding is not None:
                return message.finding
            self.asked.tell(message)
        return None

    def _question(self, sandbox: lifecycle.Sandbox) -> EnvironmentQuestion:
        layers = tuple(
            LayerQuestion(
                layer=layer.layer,
                program=layer.program,
                in_base=layer.in_base,
                touched=layer.touched,
                reason=layer.reason,
                stands_on=layer.stands_on,
            )
            for layer in self.touch.layers
        )
        return EnvironmentQuestion(
            environment=self.touch.environment,
            root=str(self.head),
            base_root=str(self.base) if self.touch.in_base else "",
            state_dir=str(self.state_dir),
            project_dir=str(sandbox.project_dir),
            judges_changed=self.touch.judges_changed,
            layers=layers,
        )

    def _skipped(self) -> EnvironmentFinding:
        layers = tuple(
            LayerFinding(layer=layer.layer, status="skipped", reason=layer.reason, program=layer.program)
            for layer in self.touch.layers
        )
        return EnvironmentFinding(environment=self.touch.environment, layers=layers)

    def _silent(self, log: Path) -> EnvironmentFinding:
        said = log.read_text(encoding="utf-8", errors="replace").strip().rpartition("\n")[2]
        error = f"the check of {self.touch.environment} ended without an answer: {said or 'it said nothing'}"
        layers = tuple(
            replace(layer, status="unreached", reason="the check ended early") for layer in self._skipped().layers
        )
        return EnvironmentFinding(environment=self.touch.environment, layers=layers, error=error)
