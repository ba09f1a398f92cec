"""Plans and applied documents of one stack, whose defaults break no rule."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from quantos.contracts.plan import Explanation, PlanDocument, PoolSize, ScalingPlan
from quantos.environment.settings.decisions import ActuatorSettings

NOW = datetime(2026, 3, 2, 14, 30, tzinfo=UTC)
STACK = "dev-capacity"
ACTUATOR = ActuatorSettings(dead_band_nodes=2, min_interval_seconds=3600, hold_seconds=1800, lease_seconds=600)


def sizes(**floors: int) -> dict[str, PoolSize]:
    """Pools with these floors, each with a ceiling of 20."""
    return {pool: PoolSize(floor=floor, ceiling=20) for pool, floor in floors.items()}


def make_plan(
    *, at: datetime = NOW, floors: Mapping[str, int] | None = None, urgent: bool = False, **changes: object
) -> ScalingPlan:
    """A signed plan decided at `at`, valid for 15 minutes."""
    planned = sizes(**(floors or {"cpu": 6}))
    fields: dict[str, object] = {
        "stack": STACK,
        "sequence": int(at.timestamp()),
        "created_at": at,
        "expires_at": at + timedelta(minutes=15),
        "sizes": planned,
        "previous": sizes(cpu=2),
        "pool_costs": {},
        "strategy_costs": {},
        "usd_per_hour_before": 0.7,
        "usd_per_hour_after": 2.1,
        "urgent": urgent,
        "explanation": Explanation(sentence="pricing needs six nodes by 14:40.", pools=()),
    }
    plan = ScalingPlan.model_validate({**fields, **changes}).identified()
    return plan.model_copy(update={"signature": f"signed:{plan.plan_id}"})


def document(*, sequence: int = 0, plan_id: str = "", **floors: int) -> PlanDocument:
    """An applied document with these floors."""
    stood = sizes(**(floors or {"cpu": 2}))
    return PlanDocument(
        stack=STACK,
        plan_id=plan_id,
        sequence=sequence,
        sizes=stood,
        previous=stood,
        pool_costs={},
        strategy_costs={},
    )
