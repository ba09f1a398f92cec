"""What a run of the example showed."""

from dataclasses import dataclass

from pydantic import JsonValue

from quantos.contracts.dag.answers import LineageAnswer, StatusAnswer, SubmitAnswer
from quantos.orchestration.ledger.accounts import Account
from sandbox.demo.result import StageRow
from sandbox.tracing.tree import Branch


@dataclass(frozen=True, kw_only=True)
class PublishedObject:
    """Something that was published, as it lies in the bucket."""

    key: str
    hash: str
    size_bytes: int


@dataclass(frozen=True, kw_only=True)
class LedgerCheck:
    """An account as it stands in the table, and as the audit chain's records come to."""

    kept: Account
    recomputed: Account | None

    @property
    def agrees(self) -> bool:
        """Whether both are the same to the unit, and nothing is held any more."""
        return self.kept == self.recomputed and self.kept.held == self.kept.drawn == type(self.kept.held)()


@dataclass(frozen=True, kw_only=True)
class RunsResult:
    """Everything that is shown.

    Attributes:
        trace: spans under their parents; one tree where all of them are of one run.
        audit_problem: empty where the chain is whole.
        balance_faults: what the chain's records do not agree on.
    """

    submitted: SubmitAnswer
    status: StatusAnswer
    lineage: LineageAnswer
    trace: tuple[Branch, ...]
    published: tuple[PublishedObject, ...]
    metrics: dict[str, JsonValue]
    ledger: tuple[LedgerCheck, ...]
    balance_faults: tuple[str, ...]
    audit_links: int
    audit_problem: str
    stages: tuple[StageRow, ...]

    @property
    def holds(self) -> bool:
        """Whether all of it is as it should be."""
        return not self.problems

    @property
    def problems(self) -> tuple[str, ...]:
        """What is not as it should be."""
        problems = []
        if self.status.state != "succeeded":
            problems.append(f"the run {self.status.state}")
        problems += [
            f"the ledger of {check.kept.day} does not come out even" for check in self.ledger if not check.agrees
        ]
        problems += self.balance_faults
        if self.audit_problem:
            problems.append(self.audit_problem)
        if len(self.published) < 2:
            problems.append("model and report were not both published")
        return tuple(problems)
