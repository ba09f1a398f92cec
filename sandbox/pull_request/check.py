"""Checks a pull request: what the change can touch, a throwaway sandbox for each environment, and what was found."""

import compileall
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeAlias

from quantos.errors import SettingsError
from quantos.pull_request.guards.changes import guard_changes
from quantos.pull_request.model import EnvironmentFinding, LayerFinding, PullRequestFinding, Revision
from quantos.pull_request.sources import SourceTree
from quantos.pull_request.touched import Touch, removed, touch_of
from quantos.pull_request.unreadable import unreadable_files
from sandbox import lifecycle
from sandbox.pull_request.confinement import adopt_orphans, confined_environment, credential_places
from sandbox.pull_request.own_mounts import Sight
from sandbox.pull_request.protocol import (
    CONFINED,
    MESSAGE,
    ConfinedQuestion,
    EnvironmentMessage,
    EnvironmentQuestion,
    LayerQuestion,
)
from sandbox.pull_request.revisions import checked_out, extract
from sandbox.pull_request.supervision import nothing_left

Teller: TypeAlias = Callable[[EnvironmentMessage], None]
Process: TypeAlias = subprocess.Popen[bytes]
END_SECONDS = 30.0
"""Within which a check that has answered ends what it started, before it is killed."""


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
        adopt_orphans()
        with tempfile.TemporaryDirectory(prefix="quantos-pr-") as name, nothing_left():
            folder = Path(name).resolve()
            base = extract(self.root, self.base.commit, folder=folder / "base")
            if self.head_extracted:
                head = extract(self.root, self.head.commit, folder=folder / "head")
            else:
                head = checked_out(self.root)
            refusals = tuple(unreadable_files(head))
            environments = self._environments(head, base, folder)
            guards = guard_changes(head, base, environments)
            notes = removed(head, base)
        seconds = round(time.monotonic() - started, 1)
        return PullRequestFinding(
            base=self.base,
            head=self.head,
            environments=environments,
            seconds=seconds,
            guards=guards,
            refusals=refusals,
            notes=notes,
        )

    def _environments(self, head: SourceTree, base: SourceTree, folder: Path) -> tuple[EnvironmentFinding, ...]:
        if unknown := sorted(set(self.environments) - set(head.environments)):
            raise SettingsError(
                f"the head has no environment {', '.join(unknown)}",
                remedy=f"name one of those there are: {', '.join(head.environments)}",
            )
        touches = [touch_of(name, head=head, base=base) for name in self.environments or head.environments]
        if any(touch.any for touch in touches):
            for extracted in (base.root, head.root) if self.head_extracted else (base.root,):
                _compile(extracted)
        own = folder / "environments"
        checks = [_EnvironmentCheck(self, touch, head.root, base.root, own / touch.environment) for touch in touches]
        with ThreadPoolExecutor(self.side_by_side) as pool:
            futures = [pool.submit(check.run) for check in checks]
            try:
                return tuple(future.result() for future in futures)
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                for check in checks:
                    check.end()
                raise


def _compile(root: Path) -> None:
    """Compile what processes of a check import: they may not write what they compile. Nothing is run."""
    for name in ("components", "policy_packs", "quantos", "sandbox", "stacks"):
        compileall.compile_dir(root / name, quiet=2)


@dataclass
class _EnvironmentCheck:
    """One environment in a sandbox of its own; `own` is the folder in which all is written."""

    asked: PullRequestCheck
    touch: Touch
    head: Path
    base: Path
    own: Path
    ended: threading.Event = field(default_factory=threading.Event)
    process: Process | None = None
    kept: tuple[str, ...] = ()

    @property
    def state_dir(self) -> Path:
        """Of its sandbox."""
        return self.own / "sandbox"

    def run(self) -> EnvironmentFinding:
        """What was found; nothing is started where the change can touch nothing."""
        if not self.touch.any:
            return self._skipped()
        try:
            return self._asked()
        finally:
            lifecycle.stop(self.state_dir)

    def end(self) -> None:
        """End what runs, and start nothing more."""
        self.ended.set()
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)

    def _asked(self) -> EnvironmentFinding:
        home = self.own / "home"
        home.mkdir(parents=True)
        environment = {**confined_environment(os.environ, home=home), "PYTHONPATH": str(lifecycle.source_root())}
        log = home / "check.log"
        finding: EnvironmentFinding | None = None
        with (
            log.open("wb") as errors,
            subprocess.Popen(
                [sys.executable, "-P", "-m", "sandbox.pull_request.environment_process"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                cwd=home,
                env=environment,
                start_new_session=True,
            ) as self.process,
        ):
            if self.ended.is_set():
                self.end()
            try:
                finding = self._heard(self.process)
                with suppress(subprocess.TimeoutExpired):
                    self.process.wait(END_SECONDS)
            finally:
                self.end()
        finding = finding or self._silent(log)
        return replace(finding, notes=(*finding.notes, *self._kept_notes()))

    def _heard(self, process: Process) -> EnvironmentFinding | None:
        if process.stdin is None or process.stdout is None:
            return None
        with suppress(BrokenPipeError):
            process.stdin.write(CONFINED.dump_json(self._confined()))
            process.stdin.close()
        for line in process.stdout:
            message = MESSAGE.validate_json(line)
            if message.finding is not None:
                return message.finding
            self.kept += message.kept
            self.asked.tell(message)
        return None

    def _kept_notes(self) -> tuple[str, ...]:
        kept = " and ".join(self.kept)
        return (f"This system lets no process give up {kept}: what the head runs could use it.",) if kept else ()

    def _confined(self) -> ConfinedQuestion:
        return ConfinedQuestion(
            question=self._question(),
            engine_bin_dir=str(self.asked.engine_bin_dir or ""),
            sight=self._sight(),
        )

    def _sight(self) -> Sight:
        programs = [Path(place) for place in os.environ.get("PATH", os.defpath).split(os.pathsep) if place]
        needed = [self.head, self.base, lifecycle.source_root(), Path(sys.prefix), Path(sys.base_prefix), *programs]
        needed += [self.asked.engine_bin_dir] if self.asked.engine_bin_dir else []
        hidden = credential_places(Path.home(), uid=os.getuid())
        return Sight(own=str(self.own), needed=tuple(str(place) for place in needed), hidden=hidden)

    def _question(self) -> EnvironmentQuestion:
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
            judges_changed=self.touch.judges_changed,
            packs_changed=self.touch.packs_changed,
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
