"""What an operation of the engine changed, or would change, and what stood against it."""

from dataclasses import dataclass

from quantos.contracts.plan import Violation


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
    """

    changes: tuple[Change, ...]
    violations: tuple[Violation, ...]
    unchecked: tuple[str, ...]
    error: str | None
    interrupted: bool = False
    later_errors: tuple[str, ...] = ()
