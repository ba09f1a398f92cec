"""What an operation of the engine changed, or would change, and what stood against it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from quantos.contracts.plan import Violation

LOCK_TYPE: Final = "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration"
DAYS_OF_A_YEAR: Final = 365
"""As S3 counts a year of a lock."""


@dataclass(frozen=True)
class Change:
    """One resource a preview would change: its URN, operation and the property paths that differ."""

    urn: str
    operation: str
    paths: tuple[str, ...]


@dataclass(frozen=True)
class EngineRun:
    """What one engine operation reported.

    `unchecked` lists rules that could not run on unknown values; on the capacity stack each is a violation. `error` is
    the first that was told, the cause; `later_errors` are what followed from it or beside it.
    `irrevocable` says what nobody can take back.
    """

    changes: tuple[Change, ...]
    violations: tuple[Violation, ...]
    unchecked: tuple[str, ...]
    error: str | None
    interrupted: bool = False
    later_errors: tuple[str, ...] = ()
    irrevocable: tuple[str, ...] = ()


def irrevocable(kind: str, *, old: Mapping[str, object], new: Mapping[str, object]) -> str | None:
    """What nobody can take back of a step on a resource of this type, by its inputs before and after; None if nothing.

    That is a lock of objects in mode COMPLIANCE that is new or longer: a shorter one holds for what is written later
    only, and neither an administrator nor AWS deletes what is locked.
    """
    before, after = _lock_days(kind, old), _lock_days(kind, new)
    if after <= before:
        return None
    return (
        f"{new.get('bucket')} locks what is written from now on for {after} days, before for {before}: in mode"
        " COMPLIANCE nobody can shorten that or delete what is locked, AWS included. If it is not meant, set"
        " audit.retention_days back before anything is written"
    )


def _lock_days(kind: str, inputs: Mapping[str, object]) -> int:
    """For how many days objects are locked beyond anybody's power."""
    rule = inputs.get("rule") if kind == LOCK_TYPE else None
    retention = rule.get("defaultRetention") if isinstance(rule, Mapping) else None
    if not isinstance(retention, Mapping) or retention.get("mode") != "COMPLIANCE":
        return 0
    days, years = (retention.get(unit) for unit in ("days", "years"))
    if isinstance(years, int | float):
        return round(years) * DAYS_OF_A_YEAR
    return round(days) if isinstance(days, int | float) else 0
