"""What an environment file lets pass, and how a change of it lets more pass: limits, exemptions, who may come in.

Documents are compared as they are written, so that one which is refused is compared too; a field that is not written
has its default.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Literal, TypeAlias, cast

from pydantic import BaseModel

from quantos.environment.settings.environment import EnvironmentSettings
from quantos.faults import FaultPath

Direction: TypeAlias = Literal["higher", "lower", "more", "fewer", "any"]
"""Which way of a value lets more pass: a greater or a smaller number (true is greater than false), a list that holds
another entry or lacks one, or any other value. Of a mapping, each value by its key."""
Change: TypeAlias = tuple[FaultPath, str]
"""A field and its change in words."""

GUARDED_SETTINGS: Final[Mapping[str, Direction]] = {
    "account_id": "any",
    "actuator.hold_seconds": "lower",
    "actuator.min_interval_seconds": "lower",
    "allowed_regions": "more",
    "api.audiences": "more",
    "api.burst_requests": "higher",
    "api.domain": "any",
    "api.issuer": "any",
    "api.requests_per_second": "higher",
    "api.team_claim": "any",
    "audit.lock_mode": "any",
    "audit.replica_region": "any",
    "audit.retention_days": "any",
    "bus.kind": "any",
    "cluster.admins": "more",
    "cluster.log_retention_days": "lower",
    "cluster.public_access_cidrs": "more",
    "cluster.public_endpoint": "higher",
    "database.backup_days": "lower",
    "database.max_storage_gib": "higher",
    "database.multi_az": "lower",
    "deletion_protection": "lower",
    "functions.image_digest": "any",
    "functions.log_retention_days": "lower",
    "key_deletion_window_days": "lower",
    "limits.anomaly_usd": "higher",
    "limits.broker_types": "more",
    "limits.budget_usd_per_month": "higher",
    "limits.ceiling_usd_per_hour": "higher",
    "limits.database_classes": "more",
    "limits.increase_from_usd_per_month": "higher",
    "limits.instance_families": "more",
    "limits.max_increase": "higher",
    "limits.max_nodes": "higher",
    "limits.max_step_down_nodes": "higher",
    "limits.max_step_up_nodes": "higher",
    "limits.min_batch_spot_share": "lower",
    "limits.required_tags": "fewer",
    "limits.usd_per_month": "higher",
    "mode": "any",
    "platform.borrowing_share": "higher",
    "platform.certificate_arn": "any",
    "platform.images": "any",
    "platform.quota_share": "higher",
    "platform.retention_days": "lower",
    "platform.sign_on": "any",
    "platform.teams.*.budget": "higher",
    "platform.teams.*.burst": "higher",
    "platform.teams.*.statements": "more",
    "platform.teams.*.urgent_subjects": "more",
    "pools.*.ceiling_nodes": "higher",
    "pools.*.ceiling_usd_per_hour": "higher",
    "pools.*.workload": "any",
    "security.registries": "more",
    "usage": "lower",
}
"""By field, `*` for every key of a mapping. What is assumed of use guards as well: with less of it, all is cheaper."""
UNGUARDED_SETTINGS: Final = (
    "actuator",
    "api.concurrency",
    "api.latency_ms",
    "bus",
    "cluster.addons",
    "cluster.kubernetes_version",
    "cluster.system_nodes",
    "cost_centre",
    "database",
    "decisions",
    "functions",
    "name",
    "network",
    "owner",
    "platform",
    "pools",
    "region",
)
"""Sections and fields that rules, prices or the provider judge, or that let nothing pass; what is above comes first."""
_ABSENT: Final = object()


def loosened(base: Mapping[str, object], head: Mapping[str, object]) -> Iterator[Change]:
    """The guarded fields of one environment's file by which the head lets more pass than the base, in their order."""
    for pattern, direction in GUARDED_SETTINGS.items():
        steps = tuple(pattern.split("."))
        for path in dict.fromkeys((*_paths(base, steps), *_paths(head, steps))):
            before, after = _value(base, path), _value(head, path)
            yield from ((where, said) for where, said in _change(path, before, after, direction=direction))
    yield from _exempted(_rows(base.get("exemptions")), _rows(head.get("exemptions")))


def _change(path: FaultPath, before: object, after: object, *, direction: Direction) -> Iterator[Change]:
    if isinstance(before, Mapping) and isinstance(after, Mapping) and direction in {"higher", "lower", "any"}:
        old, new = cast("Mapping[str, object]", before), cast("Mapping[str, object]", after)
        for key in dict.fromkeys((*old, *new)):
            below = (*path, str(key))
            yield from _change(below, old.get(key, _ABSENT), new.get(key, _ABSENT), direction=direction)
    elif before != after and not _tightens(before, after, direction=direction):
        yield path, f"{_shown(before)} becomes {_shown(after)}"


def _tightens(before: object, after: object, *, direction: Direction) -> bool:
    """Whether less passes after than before. What cannot be compared is no tightening."""
    if direction in {"higher", "lower"}:
        if not isinstance(before, int | float) or not isinstance(after, int | float):
            return False
        return after < before if direction == "higher" else after > before
    if direction in {"more", "fewer"}:
        old, new = _entries(before), _entries(after)
        if old is None or new is None:
            return False
        return new <= old if direction == "more" else new >= old
    return False


def _entries(value: object) -> frozenset[str] | None:
    if value is _ABSENT or value is None:
        return frozenset()
    return frozenset(map(str, cast("list[object]", value))) if isinstance(value, list) else None


def _exempted(base: Sequence[Mapping[str, object]], head: Sequence[Mapping[str, object]]) -> Iterator[Change]:
    """Exemptions that the base does not state word for word: new ones, and those that are wider or last longer."""
    for number, row in enumerate(head):
        if row not in base:
            said = ", ".join(f"{key} {row.get(key)}" for key in ("rule", "layer", "resource", "expires", "owner"))
            yield ("exemptions", number), f"{said}: {row.get('reason')}"


def _rows(value: object) -> list[Mapping[str, object]]:
    rows = cast("Sequence[object]", value) if isinstance(value, list) else ()
    return [cast("Mapping[str, object]", row) for row in rows if isinstance(row, Mapping)]


def _paths(document: Mapping[str, object], steps: FaultPath) -> list[FaultPath]:
    """The fields that a pattern stands for in a document."""
    if "*" not in steps:
        return [steps]
    at = steps.index("*")
    above = _value(document, steps[:at])
    keys = map(str, cast("Mapping[object, object]", above)) if isinstance(above, Mapping) else ()
    return [(*steps[:at], key, *steps[at + 1 :]) for key in keys]


def _value(document: Mapping[str, object], path: FaultPath) -> object:
    value: object = document
    for step in path:
        if not isinstance(value, Mapping) or step not in value:
            return _default(path)
        value = cast("Mapping[str, object]", value)[step]
    return value


def _default(path: FaultPath) -> object:
    """What a field is where a file does not say; `_ABSENT` where every file has to."""
    model: type[BaseModel] = EnvironmentSettings
    for number, step in enumerate(path):
        field = model.model_fields.get(str(step))
        if field is None:
            return _ABSENT
        if number == len(path) - 1:
            default: object = _ABSENT if field.is_required() else field.get_default(call_default_factory=True)
            return list(default) if isinstance(default, tuple) else default
        if not (isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)):
            return _ABSENT
        model = field.annotation
    return _ABSENT


def _shown(value: object) -> str:
    return "nothing" if value is _ABSENT or value is None else str(value)
