"""What a person changes from the command line is recorded before it is changed, and so is what became of it."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from typing import Final, Literal

from botocore.exceptions import ClientError
from pydantic import JsonValue

from cli.caller import caller
from cli.console import err
from cli.target import Target
from quantos.adapters.aws import error_code
from quantos.audit.adapters.composition import compose_ledger
from quantos.clock import utc_now
from quantos.contracts.audit import AuditKind, AuditRecord
from quantos.errors import AuditError, QuantosError

Stage = Literal["intended", "done", "failed"]
_ABSENT: Final = frozenset({"NoSuchBucket", "ResourceNotFoundException"})


@dataclass(frozen=True, kw_only=True)
class Change:
    """What is to be changed: `body` says from what to what."""

    kind: AuditKind
    subject: str
    body: dict[str, JsonValue]


@contextmanager
def recorded(target: Target, change: Change) -> Iterator[None]:
    """Record that a change is intended, let the block make it, and record that it is done or why it failed.

    A record of `intended` that none of the same `change` follows is a change of which nobody knows whether it was made:
    making it again settles it.

    Raises:
        AuditError: the intention could not be recorded, and the block does not run; or the outcome could not.
    """
    actor = caller(target)
    change_id = _change_id(change, actor=actor)
    _record(target, change, "intended", actor=actor, change_id=change_id)
    try:
        yield
    except QuantosError as exc:
        failed = replace(change, body={**change.body, "problem": str(exc)})
        try:
            _record(target, failed, "failed", actor=actor, change_id=change_id)
        except AuditError as unrecorded:
            raise exc from unrecorded
        raise
    _record(target, change, "done", actor=actor, change_id=change_id)


def where_there_is_a_chain(target: Target, change: Change) -> AbstractContextManager[None]:
    """`recorded`, for repairs that must also work before an environment has a chain; where it has none, that is said.

    Raises:
        AuditError: there is a chain, and it cannot be recorded in.
    """
    try:
        compose_ledger(target.settings).catch_up()
    except AuditError as exc:
        if not isinstance(exc.__cause__, ClientError) or error_code(exc.__cause__) not in _ABSENT:
            raise
        err.print(f"not recorded: {target.settings.name} has no audit chain yet", style="yellow", markup=False)
        return nullcontext()
    return recorded(target, change)


def _record(target: Target, change: Change, stage: Stage, *, actor: str, change_id: str) -> None:
    """Put one record straight into the chain. Raises AuditError."""
    chain = target.settings.names().audit_chain
    body: dict[str, JsonValue] = {"change": change_id, "stage": stage, **change.body}
    compose_ledger(target.settings).append(
        [
            AuditRecord(
                record_id=f"{change.kind}/{change_id}/{stage}",
                chain=chain,
                kind=change.kind,
                subject=change.subject,
                actor=actor,
                occurred_at=utc_now(),
                body=body,
            )
        ]
    )


def _change_id(change: Change, *, actor: str) -> str:
    """Differs for every change that is made, by its moment."""
    text = json.dumps([change.kind, change.subject, change.body, actor, utc_now().isoformat()], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]
