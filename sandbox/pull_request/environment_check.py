"""Checks one environment: the base up, then the head previewed and brought up under the packs, layer by layer.

Run as `python -m sandbox.pull_request.environment_check` with a question on standard input and PYTHONPATH set to the
head's files; its environment targets a throwaway sandbox. Writes a line of JSON for each thing it tells.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from quantos.catalog.catalog import load_catalog
from quantos.deployment.adapters.layers import LayerStacks
from quantos.environment.load import load_environment
from quantos.environment.settings.environment import EnvironmentSettings
from quantos.errors import QuantosError, SettingsError
from quantos.operations.bring_up import bring_up
from quantos.policy.adapters.packs import PolicyPack, render_packs
from quantos.pull_request.adapters.engine_record import IRREVOCABLE, EngineRecord
from quantos.pull_request.adapters.judging_packs import judging
from quantos.pull_request.adapters.stack_state import ResourceState, declared_places, resources_of
from quantos.pull_request.model import EnvironmentFinding, LayerFinding, Level, PackRule, Refusal
from quantos.pull_request.places import Places
from quantos.pull_request.pricing import INCREASE_RULE, PriceCheck
from sandbox import lifecycle
from sandbox.pull_request.base_judges import base_judges
from sandbox.pull_request.opened import open_environment
from sandbox.pull_request.protocol import (
    MESSAGE,
    QUESTION,
    EnvironmentMessage,
    EnvironmentQuestion,
    LayerQuestion,
    Operation,
)
from stacks.programs import declare

BASE_PROGRAMS = Path(__file__).resolve().with_name("base_programs.py")
TELL_EVERY_SECONDS = 3.0
TRACEBACK = "Traceback (most recent call last)"


def main() -> None:
    """Answer the question on standard input."""
    question = QUESTION.validate_json(sys.stdin.read())
    finding = check(question)
    _say(EnvironmentMessage(environment=question.environment, finding=finding))


def check(question: EnvironmentQuestion) -> EnvironmentFinding:
    """Everything about one environment; what goes wrong is in the finding."""
    started, name = time.monotonic(), question.environment
    opened = open_environment(
        name,
        root=Path(question.root),
        base_root=Path(question.base_root) if question.base_root else None,
        folder=Path(question.state_dir, "mended"),
    )
    finding = EnvironmentFinding(environment=name, layers=(), new=not question.base_root, refusals=opened.refusals)
    try:
        if opened.settings is None:
            finding = replace(finding, layers=_unreached(question))
        else:
            run = _open(question, opened.settings, opened.environments)
            run.notes.extend(opened.notes)
            layers = run.layers()
            finding = replace(finding, layers=layers, rules=run.rules, notes=tuple(run.notes))
            finding = replace(finding, base_rules=run.base_rules)
    except QuantosError as exc:
        finding = replace(finding, error=f"{exc.what}. {exc.remedy}", layers=_unreached(question))
    return replace(finding, seconds=round(time.monotonic() - started, 1))


def _say(message: EnvironmentMessage) -> None:
    sys.stdout.buffer.write(MESSAGE.dump_json(message) + b"\n")
    sys.stdout.buffer.flush()


def _unreached(question: EnvironmentQuestion) -> tuple[LayerFinding, ...]:
    return tuple(
        LayerFinding(
            layer=asked.layer, status="unreached", reason="the environment could not be opened", program=asked.program
        )
        for asked in question.layers
    )


def _open(question: EnvironmentQuestion, settings: EnvironmentSettings, environments: Path) -> "_Run":
    os.environ.update({"AWS_REGION": settings.region, "AWS_DEFAULT_REGION": settings.region})
    folder, root = Path(question.state_dir, "policy"), Path(question.root)
    rendered = render_packs(
        settings, packs_root=root / "policy_packs", folder=folder, sandbox_account_id=lifecycle.ACCOUNT_ID
    )
    packs = judging(rendered, folder=folder, environment=os.environ)
    base_packs, unread = base_judges(question, environments=environments)
    base, notes = _base_settings(question, settings)
    prices = PriceCheck(catalog=load_catalog(), base=base, head=settings, today=datetime.now(tz=UTC).date())
    program = partial(declare, environments=environments)
    return _Run(
        question,
        settings,
        program,
        packs=[known.pack for known in (*packs, *base_packs)],
        rules=(*(rule for known in packs for rule in known.rules), INCREASE_RULE),
        base_rules=tuple(rule for known in base_packs for rule in known.rules),
        prices=prices,
        notes=[*notes, *unread],
    )


def _base_settings(question: EnvironmentQuestion, head: EnvironmentSettings) -> tuple[EnvironmentSettings, list[str]]:
    """The base's environment file, read as the head's; the head's own where it cannot be, which is said."""
    if not question.base_root:
        return head, []
    environments = Path(question.base_root, "stacks", "environments")
    try:
        return load_environment(question.environment, root=environments, catalog=load_catalog()), []
    except SettingsError as exc:
        first = exc.what.partition("\n")[0]
        return head, [f"The base's limits cannot be read, so the head's count for increases of cost: {first}."]


@dataclass
class _Run:
    """One environment on its way: what is up as the base has it, and which layers turned out to be touched."""

    question: EnvironmentQuestion
    settings: EnvironmentSettings
    program: Callable[[str], None]
    packs: Sequence[PolicyPack]
    rules: tuple[PackRule, ...]
    base_rules: tuple[PackRule, ...]
    prices: PriceCheck
    notes: list[str]
    base_seconds: dict[str, float] = field(default_factory=dict)
    moved: dict[str, str] = field(default_factory=dict)
    broken: str = ""

    def layers(self) -> tuple[LayerFinding, ...]:
        """Every layer, in order."""
        asked = self.question.layers
        self._base([layer_question for layer_question in asked if layer_question.touched])
        return tuple(
            self._layer(layer_question, above=asked[number + 1 :]) for number, layer_question in enumerate(asked)
        )

    def _base(self, layers: Sequence[LayerQuestion]) -> None:
        """Bring layers up as the base has them, and first what they stand on; those that are not up so yet."""
        needed = {name for layer_question in layers for name in (layer_question.layer, *layer_question.stands_on)}
        waiting = [
            self.settings.names().stack(layer_question.layer)
            for layer_question in self.question.layers
            if layer_question.layer in needed
            and layer_question.in_base
            and layer_question.layer not in self.base_seconds
        ]
        for stack, seconds, error in self._base_programs(waiting) if waiting else ():
            layer = stack.partition("-")[2]
            self.base_seconds[layer] = round(seconds, 1)
            if error:
                self.notes.append(f"The base's {stack} does not come up, so what differs from it is not known: {error}")

    def _base_programs(self, stacks: Sequence[str]) -> Iterator[tuple[str, float, str]]:
        command = [sys.executable, "-P", str(BASE_PROGRAMS), str(self.question.project_dir), *stacks]
        environment = {**os.environ, "PYTHONPATH": self.question.base_root}
        log = Path(self.question.state_dir, "logs", f"base-{self.question.environment}.log")
        with (
            log.open("w", encoding="utf-8") as errors,
            subprocess.Popen(
                command,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env=environment,
                cwd=self.question.base_root,
            ) as process,
        ):
            for line in process.stdout or ():
                if line.startswith('{"stack"'):
                    result = json.loads(line)
                    self._tell(result["stack"].partition("-")[2], "base", seconds=result["seconds"])
                    yield result["stack"], result["seconds"], result["error"]
        said = log.read_text(encoding="utf-8").strip().rpartition("\n")[2]
        if process.returncode and said:
            self.notes.append(f"The base's programs ended early: {said}")

    def _layer(self, asked: LayerQuestion, *, above: Sequence[LayerQuestion]) -> LayerFinding:
        moved = self.moved.get(asked.layer)
        base = self.base_seconds.get(asked.layer)
        finding = LayerFinding(
            layer=asked.layer,
            status="skipped",
            reason=moved or asked.reason,
            program=asked.program,
            new=not asked.in_base,
            seconds={} if base is None else {"base": base},
        )
        if not asked.touched and moved is None:
            return finding
        if self.broken:
            return replace(finding, status="unreached", reason=f"{self.broken} below it failed")
        finding = self._previewed(finding, above)
        finding = self._judged(finding) if finding.status == "judged" else finding
        if finding.error:
            self.broken = asked.layer
        return finding

    def _previewed(self, finding: LayerFinding, above: Sequence[LayerQuestion]) -> LayerFinding:
        """What the head would do to a layer; `judged` where that, or who judges, is to be judged."""
        record = EngineRecord()
        with self._timed(finding, "preview") as seconds:
            stacks = self._stacks(record, packs=())
            error = _error(partial(stacks.preview, self._stack(finding), progress=self._progress(finding, "preview")))
        finding = replace(finding, changes=tuple(record.changes.values()), seconds=seconds)
        if error:
            return replace(finding, status="failed", error=error)
        same = not record.changes and record.foreseen_outputs == record.known_outputs
        if same and not finding.new and not self.question.judges_changed:
            return replace(finding, status="same", reason="declares what the base declares")
        if record.changed_outputs:
            self._move(finding, record.changed_outputs, above)
        return replace(finding, status="judged")

    def _move(self, finding: LayerFinding, outputs: Sequence[str], above: Sequence[LayerQuestion]) -> None:
        """Layers above that the change itself does not touch read outputs that may change: base first, then judged."""
        reached = [
            layer_question
            for layer_question in above
            if not layer_question.touched and finding.layer in layer_question.stands_on
        ]
        self._base(reached)
        for layer_question in reached:
            self.moved[layer_question.layer] = f"outputs of {finding.layer} may change: {', '.join(outputs)}"

    def _judged(self, finding: LayerFinding) -> LayerFinding:
        """The head's `up` under the packs, and what it costs more."""
        record, before = EngineRecord(), self._state(finding)
        with self._timed(finding, "up") as seconds:
            stacks = self._stacks(record, packs=self.packs)
            act = partial(bring_up, self.settings, stacks, finding.layer, progress=self._progress(finding, "up"))
            error = _error(act)
        places, after = self._places(finding), self._state(finding)
        cost, dearer = self.prices.compared(before, after, stack=self._stack(finding), places=places)
        return replace(
            finding,
            status="failed" if error else "judged",
            error=error,
            refusals=(*self._refusals(record, places), *dearer),
            unrunnable=tuple(record.unrunnable),
            ran=frozenset(record.ran | {INCREASE_RULE.identity}),
            cost=cost,
            seconds=seconds,
        )

    def _refusals(self, record: EngineRecord, places: Places) -> tuple[Refusal, ...]:
        levels: dict[str, Level] = {IRREVOCABLE: "advisory", **{rule.identity: rule.level for rule in self.rules}}
        return tuple(
            Refusal(
                rule=said.rule,
                urn=said.urn,
                message=said.message,
                level=levels.get(said.rule, "mandatory"),
                place=places.of(said.urn),
            )
            for said in record.said
        )

    def _places(self, finding: LayerFinding) -> Places:
        root = Path(self.question.root)
        environment_file = f"stacks/environments/{self.question.environment}.yaml"
        return Places(
            layer=finding.layer,
            environment_file=environment_file,
            environment_text=(root / environment_file).read_text(encoding="utf-8"),
            program=finding.program,
            declared=declared_places(self._state(finding), root=root, project_dir=self.question.project_dir),
        )

    def _state(self, finding: LayerFinding) -> tuple[ResourceState, ...]:
        return resources_of(self._stack(finding), backend=Path(self.question.state_dir, "pulumi"))

    def _stacks(self, record: EngineRecord, *, packs: Sequence[PolicyPack]) -> LayerStacks:
        return LayerStacks(self.question.project_dir, dict(os.environ), packs, self.program, record.add)

    def _stack(self, finding: LayerFinding) -> str:
        return self.settings.names().stack(finding.layer)

    @contextmanager
    def _timed(self, finding: LayerFinding, operation: Operation) -> Iterator[dict[str, float]]:
        started, seconds = time.monotonic(), dict(finding.seconds)
        yield seconds
        seconds[operation] = round(time.monotonic() - started, 1)
        self._tell(finding.layer, operation, seconds=seconds[operation])

    def _progress(self, finding: LayerFinding, operation: Operation) -> Callable[[str, int], None]:
        reported_at = time.monotonic()

        def tell(_resource: str, done: int) -> None:
            nonlocal reported_at
            if time.monotonic() - reported_at >= TELL_EVERY_SECONDS:
                reported_at = time.monotonic()
                self._tell(finding.layer, operation, done=done)

        return tell

    def _tell(self, layer: str, operation: Operation, *, seconds: float | None = None, done: int = 0) -> None:
        message = EnvironmentMessage(
            environment=self.question.environment, layer=layer, operation=operation, seconds=seconds, done=done
        )
        _say(message)


def _error(act: Callable[[], object]) -> str:
    """What went wrong, or nothing."""
    try:
        act()
    except QuantosError as exc:
        what = exc.what.partition(TRACEBACK)[0].strip()
        return f"{what}. {exc.remedy[:1].upper()}{exc.remedy[1:]}."
    return ""


if __name__ == "__main__":
    main()
