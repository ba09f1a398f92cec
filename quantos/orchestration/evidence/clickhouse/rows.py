"""A link of the audit chain as rows of tables."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from itertools import product
from typing import Final, TypeAlias

from pydantic import JsonValue

from quantos.contracts.audit import ChainLink
from quantos.orchestration.evidence.balances import Movement, RecordedAccount, movement
from quantos.orchestration.evidence.transitions import AMOUNTS

TableRow: TypeAlias = Mapping[str, JsonValue]
LINKS: Final = "audit_links"
TRANSITIONS: Final = "orchestration_transitions"
MOVEMENTS: Final = "account_movements"
COSTS: Final = "node_costs"
TABLES: Final = (TRANSITIONS, MOVEMENTS, COSTS, LINKS)
"""In order of loading: a link is there once all that it tells is."""
UNITS: Final = ("cpu_ms", "gpu_ms", "io_bytes")


def rows_of(link: ChainLink) -> Iterator[tuple[str, TableRow]]:
    """Each row with its table. Raises AuditError for a record that does not say what it should."""
    record = link.record
    at: dict[str, JsonValue] = {
        "record_id": record.record_id,
        "chain": link.chain,
        "sequence": link.sequence,
        "occurred_at": _moment(record.occurred_at),
    }
    change = movement(record)
    if change is not None:
        yield from ((MOVEMENTS, _movement(at, record.actor, row)) for row in change.accounts)
    if change is not None and record.kind == "submission":
        yield TRANSITIONS, _transition(at, record.actor, change)
        for node, spent in change.nodes.spent_micro_usd.items():
            yield COSTS, {**at, **_run(change), "node": node, "spent_micro_usd": spent}
    yield (
        LINKS,
        {
            **at,
            "kind": record.kind,
            "subject": record.subject,
            "actor": record.actor,
            "previous_digest": link.previous_digest,
            "digest": link.digest,
            "body": record.model_dump_json(include={"body"})[len('{"body":') : -1],
        },
    )


def _transition(at: TableRow, actor: str, change: Movement) -> TableRow:
    hold = change.hold
    left = {f"left_{unit}": 0 if hold is None else getattr(hold.left, unit) for unit in UNITS}
    states = {name: getattr(change, name) or "" for name in ("reason", "asked", "ended")}
    day = None if hold is None else hold.day
    return {
        **at, **_run(change), **states, **left,
        "actor": actor, "version": change.version, "live": change.live, "hold_day": day,
        "cleared": change.cleared,
    }  # fmt: skip


def _movement(at: TableRow, actor: str, row: RecordedAccount) -> TableRow:
    amounts = {f"{name}_{unit}": getattr(getattr(row, name), unit) for name, unit in product(AMOUNTS, UNITS)}
    return {**at, "actor": actor, "team": row.team, "day": row.day, "version": row.version, **amounts}


def _run(change: Movement) -> TableRow:
    return {
        "team": change.team,
        "submission_id": change.submission_id,
        "run": change.run,
        "pipeline_id": change.pipeline_id,
    }


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
