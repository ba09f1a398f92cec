"""What an engine did and judged, read from its events as it wrote them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

from quantos.deployment.adapters.pulumi_events import QUIET, UNRUNNABLE
from quantos.deployment.changes import irrevocable
from quantos.pull_request.model import ResourceChange

STACK_TYPE = "pulumi:pulumi:Stack"
QUIET_OPERATIONS = frozenset(operation.value for operation in QUIET)
PROVIDER_TYPES = "pulumi:providers:"
"""The engine's own bookkeeping, nothing that anybody declares or pays for."""
REPLACING = frozenset({"replace", "create-replacement", "delete-replaced"})
GUARDS = ("deletionProtection", "deletionProtectionEnabled", "enableDeletionProtection", "objectLockEnabled")
"""Flags by which AWS itself refuses to delete a resource, as inputs."""
IRREVOCABLE = "check/irrevocable"
"""What nobody can take back is told as an advice, by the name of this rule."""
SUMMARIES = ("policyAnalyzeSummaryEvent", "policyAnalyzeStackSummaryEvent")
Object = Mapping[str, object]


@dataclass(frozen=True, kw_only=True)
class Said:
    """What a rule said of a resource; `rule` is its identity."""

    rule: str
    urn: str
    message: str


@dataclass
class EngineRecord:
    """Collects the events of one operation.

    Attributes:
        said: what rules reported, whatever their level in this run.
        unrunnable: rules that met a value that is not known.
        ran: rules that the engine called on anything.
        foreseen_outputs, known_outputs: of the stack, after and before.
    """

    changes: dict[str, ResourceChange] = field(default_factory=dict)
    said: dict[Said, None] = field(default_factory=dict)
    unrunnable: dict[str, None] = field(default_factory=dict)
    ran: set[str] = field(default_factory=set)
    foreseen_outputs: Object = field(default_factory=dict)
    known_outputs: Object = field(default_factory=dict)

    def add(self, event: Object) -> None:
        """Take one event."""
        if "resourcePreEvent" in event:
            self._add_step(_metadata(event["resourcePreEvent"]))
        elif "resOutputsEvent" in event:
            self._add_outputs(_metadata(event["resOutputsEvent"]))
        elif "policyEvent" in event:
            self._add_policy(_object(event["policyEvent"]))
        for name in SUMMARIES:
            if name in event:
                self._add_summary(_object(event[name]))

    @property
    def changed_outputs(self) -> tuple[str, ...]:
        """Outputs of the stack that are, or may be, other ones or gone; what is only added cannot have been read."""
        return tuple(
            sorted(name for name, value in self.known_outputs.items() if self.foreseen_outputs.get(name) != value)
        )

    def _add_step(self, step: Object) -> None:
        operation, urn = str(step["op"]), str(step["urn"])
        kind = str(step["type"])
        if operation in QUIET_OPERATIONS or kind == STACK_TYPE or kind.startswith(PROVIDER_TYPES):
            return
        before = self.changes.get(urn)
        if operation in REPLACING or (before is not None and before.replaces):
            operation = "replace"
        old, new = _object(step.get("old")), _object(step.get("new"))
        if said := irrevocable(kind, old=_object(old.get("inputs")), new=_object(new.get("inputs"))):
            self.said[Said(rule=IRREVOCABLE, urn=urn, message=said)] = None
        paths = tuple(_object(step.get("detailedDiff"))) or tuple(map(str, _list(step.get("diffs"))))
        self.changes[urn] = ResourceChange(
            urn=urn,
            operation=operation,
            paths=paths or (before.paths if before else ()),
            protected=_guarded(old) or (before is not None and before.protected),
        )

    def _add_outputs(self, step: Object) -> None:
        if step["type"] == STACK_TYPE and step["op"] not in {"refresh", "delete"}:
            self.known_outputs = _object(_object(step.get("old")).get("outputs"))
            self.foreseen_outputs = _object(_object(step.get("new")).get("outputs"))

    def _add_policy(self, event: Object) -> None:
        rule, message = f"{event['policyPackName']}/{event['policyName']}", str(event["message"]).strip()
        if any(phrase in message for phrase in UNRUNNABLE):
            self.unrunnable[f"{rule}: {message}"] = None
            return
        text = message.partition("\n")[2] or message  # the engine puts the rule's description first
        self.said[Said(rule=rule, urn=str(event.get("resourceUrn", "")), message=text)] = None

    def _add_summary(self, event: Object) -> None:
        pack = event["policyPackName"]
        for key in ("passed", "failed"):
            self.ran.update(f"{pack}/{name}" for name in _list(event.get(key)))


def _guarded(old: Object) -> bool:
    inputs = _object(old.get("inputs"))
    return old.get("protect") is True or any(inputs.get(guard) is True for guard in GUARDS)


def _metadata(event: object) -> Object:
    return _object(_object(event)["metadata"])


def _object(value: object) -> Object:
    return cast("Object", value) if isinstance(value, Mapping) else {}


def _list(value: object) -> Sequence[object]:
    return cast("Sequence[object]", value) if isinstance(value, list) else ()
