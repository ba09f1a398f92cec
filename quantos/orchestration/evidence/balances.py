"""The ledger as its records tell it, to be held against the ledger itself."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.types import StrictInt

from quantos.contracts.audit import AuditRecord
from quantos.errors import AuditError
from quantos.orchestration.ledger.accounts import Account
from quantos.orchestration.ledger.amounts import NOTHING, Amount

Units = Annotated[StrictInt, Field(ge=0)]


class _Recorded(BaseModel):
    """Part of a record's body: what else a later release says of it does not matter here."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class RecordedAmount(_Recorded):
    """An amount in a record."""

    cpu_ms: Units
    gpu_ms: Units
    io_bytes: Units

    @property
    def amount(self) -> Amount:
        """As the ledger counts."""
        return Amount(cpu_ms=self.cpu_ms, gpu_ms=self.gpu_ms, io_bytes=self.io_bytes)


class RecordedAccount(_Recorded):
    """An account after a commit."""

    team: str
    day: str
    version: Annotated[StrictInt, Field(ge=1)]
    budget: RecordedAmount
    burst: RecordedAmount
    owed: RecordedAmount
    held: RecordedAmount
    drawn: RecordedAmount
    settled: RecordedAmount
    debt: RecordedAmount

    @property
    def account(self) -> Account:
        """As the ledger has it."""
        names = ("budget", "burst", "owed", "held", "drawn", "settled", "debt")
        return Account(team=self.team, day=self.day, **{name: getattr(self, name).amount for name in names})


class RecordedHold(_Recorded):
    """What a run holds after a commit."""

    day: str
    left: RecordedAmount


class RecordedNodes(_Recorded):
    """Of the nodes that a commit wrote, what each cost so far."""

    spent_micro_usd: dict[str, StrictInt] = {}


class Movement(_Recorded):
    """The body of a record of kind `submission` or `quota`; of the latter only accounts are stated."""

    accounts: tuple[RecordedAccount, ...]
    version: int = 0
    team: str = ""
    submission_id: str = ""
    run: int = 0
    pipeline_id: str = ""
    reason: str | None = None
    asked: str | None = None
    ended: str | None = None
    cleared: bool = False
    live: int = 0
    hold: RecordedHold | None = None
    nodes: RecordedNodes = RecordedNodes()


@dataclass(frozen=True)
class Balances:
    """What records come to.

    Attributes:
        accounts: by team and day, as they stood after the last version that a record tells of.
        faults: versions that no record tells of, versions that two tell of differently, and accounts that hold another
            amount than their runs do; none where the records are whole.
    """

    accounts: Mapping[tuple[str, str], Account]
    faults: tuple[str, ...]


def movement(record: AuditRecord) -> Movement | None:
    """What a record tells of runs and accounts; None where it is of another kind.

    Raises:
        AuditError: its body is none.
    """
    if record.kind not in {"submission", "quota"}:
        return None
    try:
        return Movement.model_validate(record.body)
    except ValidationError as exc:
        error = exc.errors()[0]
        where = ".".join(map(str, error["loc"]))
        raise AuditError(
            f"{record.record_id} tells of no accounts: {where} {error['msg']}",
            remedy="Read it with the release that wrote it; run `quantos audit verify`.",
        ) from exc


def balances(records: Iterable[AuditRecord]) -> Balances:
    """Every account as records tell it, in whatever order and however often they come. Raises AuditError."""
    versions: dict[tuple[str, str], dict[int, set[Account]]] = defaultdict(lambda: defaultdict(set))
    runs: dict[str, Movement] = {}
    for record in records:
        change = movement(record)
        if change is None:
            continue
        for row in change.accounts:
            versions[row.team, row.day][row.version].add(row.account)
        if record.kind == "submission" and change.version >= getattr(runs.get(record.subject), "version", 0):
            runs[record.subject] = change
    latest = {place: next(iter(kept[max(kept)])) for place, kept in versions.items()}
    faults = [*_version_faults(versions), *_hold_faults(latest, runs.values())]
    return Balances(latest, tuple(faults))


def _version_faults(versions: Mapping[tuple[str, str], Mapping[int, set[Account]]]) -> Iterator[str]:
    for (team, day), kept in sorted(versions.items()):
        for version in range(1, max(kept) + 1):
            if version not in kept:
                yield f"account {team}/{day}: no record of version {version}"
            elif len(kept[version]) > 1:
                yield f"account {team}/{day}: {len(kept[version])} different records of version {version}"


def _hold_faults(accounts: Mapping[tuple[str, str], Account], runs: Iterable[Movement]) -> Iterator[str]:
    held: dict[tuple[str, str], Amount] = defaultdict(Amount)
    for run in runs:
        if run.hold is not None:
            held[run.team, run.hold.day] += run.hold.left.amount
    for team, day in sorted({*accounts, *held}):
        account = accounts.get((team, day))
        stated = NOTHING if account is None else account.held
        if stated != held[team, day]:
            yield f"account {team}/{day}: it holds {stated}, its runs {held[team, day]}"
