"""Engine events of one operation, read into what the resize transaction asks about."""

from dataclasses import dataclass, field

from pulumi.automation.events import EngineEvent, OpType, PolicyEvent, StepEventMetadata

from quantos.contracts.plan import Violation
from quantos.deployment.changes import Change, EngineRun, irrevocable

QUIET = {OpType.SAME, OpType.REFRESH, OpType.READ, OpType.READ_REPLACEMENT, OpType.DISCARD}
UNRUNNABLE = ("can't run policy", "can't run stack policy", "unable to run policy")


@dataclass
class EventLog:
    """Collects what an operation reports while it runs."""

    changes: dict[str, Change] = field(default_factory=dict)
    violations: list[Violation] = field(default_factory=list)
    unchecked: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    irrevocable: list[str] = field(default_factory=list)

    def add(self, event: EngineEvent) -> None:
        """Take one event."""
        if event.resource_pre_event is not None:
            self._add_step(event.resource_pre_event.metadata)
        elif event.policy_event is not None:
            self._add_policy(event.policy_event)
        elif event.diagnostic_event is not None and event.diagnostic_event.severity == "error":
            self.errors.append(event.diagnostic_event.message.strip())

    def run(self, *, error: str | None, interrupted: bool) -> EngineRun:
        """The operation as a whole. `error` is the command's own words, used where no diagnostic says more."""
        errors = [] if error is None else list(dict.fromkeys(self.errors)) or [error]
        return EngineRun(
            changes=tuple(self.changes.values()),
            violations=tuple(self.violations),
            unchecked=tuple(self.unchecked),
            error=next(iter(errors), None),
            interrupted=interrupted,
            later_errors=tuple(errors[1:]),
            irrevocable=tuple(self.irrevocable),
        )

    def _add_step(self, step: StepEventMetadata) -> None:
        if step.op in QUIET:
            return
        paths = tuple(step.detailed_diff or step.diffs or step.keys or ())
        self.changes[step.urn] = Change(urn=step.urn, operation=step.op.value, paths=paths)
        old, new = (state.inputs or {} if state else {} for state in (step.old, step.new))
        if said := irrevocable(step.type, old=old, new=new):
            self.irrevocable.append(said)

    def _add_policy(self, event: PolicyEvent) -> None:
        message = event.message.strip()
        if any(phrase in message for phrase in UNRUNNABLE):
            self.unchecked.append(f"{event.policy_name}: {message}")
        elif event.enforcement_level == "mandatory":
            said = message.partition("\n")[2] or message  # the engine puts the rule's description first
            self.violations.append(Violation(pack=event.policy_pack_name, rule=event.policy_name, message=said))
