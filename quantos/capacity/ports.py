"""What several rooms of capacity need from outside: plans signed, archived, and the one that is current."""

from dataclasses import dataclass
from typing import Protocol

from quantos.contracts.plan import PlanDocument, ScalingPlan, Unsettled


class Signer(Protocol):
    """Signs plans, so that only the forecaster's reach the engine."""

    def sign(self, content: bytes) -> str:
        """A MAC of `content`, base64."""
        ...

    def verify(self, content: bytes, *, signature: str) -> bool:
        """Whether `signature` is a MAC of `content` under the same key."""
        ...


class PlanArchive(Protocol):
    """Every plan ever published, by id, for `explain` and for the regulator."""

    def put(self, plan: ScalingPlan) -> None:
        """Keep a plan; keeping it again changes nothing."""
        ...

    def get(self, plan_id: str) -> ScalingPlan:
        """The plan of that id, or of the one id that starts so. Raises CapacityError when there is none or several."""
        ...


@dataclass(frozen=True)
class LedgerEntry:
    """A plan document and the version a writer must name to replace it; None while there is no document.

    `unsettled` is a change that began on this document and is not known to have ended.
    """

    document: PlanDocument
    version: str | None
    unsettled: Unsettled | None = None


class PlanLedger(Protocol):
    """`current.json`: the plan document that the capacity stack stands on."""

    def current(self) -> LedgerEntry:
        """The applied document, or the environment's floors as sequence 0."""
        ...

    def replace(
        self, document: PlanDocument, *, expected_version: str | None, unsettled: Unsettled | None = None
    ) -> str:
        """Make `document` current and return its version. Raises PlanConflictError when another writer was first."""
        ...
