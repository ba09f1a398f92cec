"""What may be asked about capacity from outside: the applied plan document, and any plan with its explanation."""

import re
from dataclasses import dataclass
from typing import Final

from quantos.capacity.ports import PlanArchive, PlanLedger
from quantos.contracts.plan import PlanDocument, ScalingPlan
from quantos.errors import PlanNotFoundError, StackUnknownError

PLAN_ID: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class CapacityReader:
    """Reads one stack's plans and changes nothing."""

    stack: str
    ledger: PlanLedger
    archive: PlanArchive

    def current(self, stack: str) -> PlanDocument:
        """The document that the stack stands on.

        Raises StackUnknownError for a stack of another environment or layer, CapacityError when it cannot be read.
        """
        self._known(stack)
        return self.ledger.current().document

    def plan(self, stack: str, plan_id: str) -> ScalingPlan:
        """The plan of exactly this id. Raises PlanNotFoundError, and what `current` raises."""
        self._known(stack)
        if PLAN_ID.fullmatch(plan_id) is None:
            raise PlanNotFoundError(f"{plan_id!r} is no plan id", remedy="give the 64 hex digits of `plan_id`")
        return self.archive.get(plan_id)

    def _known(self, stack: str) -> None:
        if stack != self.stack:
            raise StackUnknownError(f"no stack {stack!r} is sized here", remedy=f"ask about {self.stack!r}")
