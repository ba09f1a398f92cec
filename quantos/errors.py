"""The one tree of errors a caller may catch.

    QuantosError
    ├── SettingsError             an environment file or strategy is wrong; nothing was started
    ├── ChartsError               a charts folder cannot be read, or a program not be recorded
    ├── CatalogError              a shape or price is unknown
    ├── CostingError              nobody can say what a resource costs
    ├── TelemetryError            a record cannot be taken into the demand history
    ├── ForecastError             a series cannot be forecast
    ├── CapacityError             a plan cannot be made, read, moved or applied
    │   ├── PlanConflictError     another writer moved the plan pointer first
    │   ├── LeaseLostError        the right to change a stack ended before the work did
    │   ├── PlanNotFoundError     no plan, or several, under that id
    │   ├── StackUnknownError     no stack of that name is sized here
    │   └── ChoiceError           pools cannot be sized: contradicting limits, or a search cut off before any answer
    ├── AccessError               a caller may not do what was asked
    ├── RequestError              a request to the API is not what one may be
    ├── AuditError                the chain is broken, forked or missing a link
    ├── OrchestrationError        a submission cannot be taken, kept or gone on with
    │   ├── UnplaceableError      no pool has a node for it
    │   ├── NotAdmittedError      it could never be admitted as it is stated
    │   ├── SubmissionInvalidError  a submission is not what one may be
    │   ├── SubmissionClashError  its id stands for something else
    │   ├── SubmissionUnknownError  a team has no submission of that id
    │   └── LogsExpiredError      the logs of a run are kept no more
    ├── LakeError                 a table of the lake cannot be read, kept or written
    ├── BusError                  a record could not be published or consumed
    ├── EngineError               the Pulumi engine is absent, too old or failed
    │   ├── EngineBusyError       another operation holds the stack
    │   │   └── StackLockedError  a lock holds it whose owner nobody knows to be alive or dead
    │   ├── StackMissingError     the stack was never brought up, or is gone
    │   └── StateUnreadableError  the stack's state cannot be loaded
    ├── NotYetKnownError          a policy rule asked for a value that only the update will tell
    └── RevisionError             a revision to compare with does not exist, or there is no repository

Every error says what happened, why, and what to do; `code` is stable and is what callers branch on.
"""

from collections.abc import Callable, Sequence
from typing import ClassVar, Self, TypeVar

from quantos.faults import Fault

Raised = TypeVar("Raised", bound="QuantosError")


class QuantosError(Exception):
    """Root of every error of the project.

    Args:
        what: what happened and why, one sentence.
        remedy: what the reader should do, one sentence.
        retryable: whether the same may succeed a moment later, where that is known better than by the class.
    """

    code: ClassVar[str] = "quantos"
    retryable: bool = False

    def __init__(self, what: str, *, remedy: str, retryable: bool | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.remedy = remedy
        if retryable is not None:
            self.retryable = retryable

    def __reduce__(self) -> tuple[Callable[..., Self], tuple[type[Self], str], dict[str, object]]:
        """How it is copied, or passed to another process: whole, whatever its class was made of."""
        return _blank, (type(self), self.what), dict(self.__dict__)


def _blank(kind: type[Raised], what: str) -> Raised:
    return kind.__new__(kind, what)


class SettingsError(QuantosError):
    """An environment file, strategy file or process setting is wrong; `faults` are those of a file, one by one."""

    code = "settings.invalid"

    def __init__(self, what: str, *, remedy: str, retryable: bool | None = None, faults: Sequence[Fault] = ()) -> None:
        super().__init__(what, remedy=remedy, retryable=retryable)
        self.faults = tuple(faults)


class ChartsError(QuantosError):
    """A folder of charts cannot be read, a chart not be rendered, or a program not be recorded."""

    code = "charts.failed"


class CatalogError(QuantosError):
    """An instance type has no shape or no price in the catalog."""

    code = "catalog.unknown"


class CostingError(QuantosError):
    """What a resource costs cannot be told: its type, a property or its use is not known."""

    code = "costing.unknown"


class TelemetryError(QuantosError):
    """A telemetry record cannot be taken into the demand history."""

    code = "telemetry.invalid"


class ForecastError(QuantosError):
    """A series cannot be forecast by the method asked for."""

    code = "forecast.impossible"


class CapacityError(QuantosError):
    """A plan cannot be made, read, moved or applied."""

    code = "capacity.failed"


class PlanAmbiguousError(CapacityError):
    """Several plans have an id that starts as asked."""

    code = "capacity.ambiguous"


class PlanConflictError(CapacityError):
    """Another writer moved the plan pointer first."""

    code = "capacity.conflict"
    retryable = True


class LeaseLostError(CapacityError):
    """The right to change a stack ended before the work did; nothing more may be written."""

    code = "capacity.lease-lost"
    retryable = True


class PlanNotFoundError(CapacityError):
    """No plan, or several, under that id."""

    code = "capacity.plan-not-found"


class StackUnknownError(CapacityError):
    """No stack of that name is sized here."""

    code = "capacity.stack-unknown"


class ChoiceError(CapacityError):
    """Pools cannot be sized: the problem is wrong, its limits contradict each other, or the search found nothing."""

    code = "capacity.no-choice"


class AccessError(QuantosError):
    """A caller may not do what was asked for."""

    code = "access.refused"


class RequestError(QuantosError):
    """A request to the API is not what one may be."""

    code = "api.request"


class AuditError(QuantosError):
    """The audit chain is broken, forked or lacks a link."""

    code = "audit.broken"


class OrchestrationError(QuantosError):
    """A submission cannot be taken, kept or gone on with."""

    code = "orchestration.failed"


class UnplaceableError(OrchestrationError):
    """No pool of the environment has a node for what is asked."""

    code = "orchestration.unplaceable"


class NotAdmittedError(OrchestrationError):
    """A submission could never be admitted as it is stated."""

    code = "orchestration.never-admitted"


class SubmissionInvalidError(OrchestrationError):
    """A submission is not what one may be; `faults` are told one by one."""

    code = "orchestration.invalid"

    def __init__(self, what: str, *, remedy: str, retryable: bool | None = None, faults: Sequence[Fault] = ()) -> None:
        super().__init__(what, remedy=remedy, retryable=retryable)
        self.faults = tuple(faults)


class SubmissionClashError(OrchestrationError):
    """An id of a team stands for something else than what was submitted."""

    code = "orchestration.clash"


class SubmissionUnknownError(OrchestrationError):
    """A team has no submission of that id."""

    code = "orchestration.unknown"


class LogsExpiredError(OrchestrationError):
    """The logs of a run are kept no more."""

    code = "orchestration.logs-expired"


class LakeError(QuantosError):
    """A table of the lake cannot be read, kept or written."""

    code = "lake.failed"


class BusError(QuantosError):
    """A record could not be published or consumed."""

    code = "bus.failed"
    retryable = True


class EngineError(QuantosError):
    """The Pulumi engine is absent, not accepted, or failed."""

    code = "engine.failed"


class EngineBusyError(EngineError):
    """Another operation holds the stack."""

    code = "engine.busy"
    retryable = True


class StackLockedError(EngineBusyError):
    """A backend lock holds the stack, and only a person can tell whether its owner still works."""

    code = "engine.locked"
    retryable = False


class StackMissingError(EngineError):
    """The stack was never brought up, or is gone."""

    code = "engine.stack-missing"


class StateUnreadableError(EngineError):
    """The engine cannot load the stack's state, or would take the stack for empty."""

    code = "engine.state-unreadable"


class NotYetKnownError(QuantosError):
    """A policy rule asked for a value that only the update will tell, as previews of new resources have them."""

    code = "policy.not-yet-known"


class RevisionError(QuantosError):
    """A revision of the project cannot be found or read."""

    code = "revision.unknown"
