"""What the demo does to the loop on the way: a resize killed, a greedy trader, the kill switch."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas import records
from quantos.capacity.adapters.stores import compose_floors, compose_plan_ledger, compose_switches
from quantos.capacity.planning.dead_band import pool_ranges
from quantos.capacity.resize.actuator import actuate
from quantos.contracts.plan import ScalingPlan
from quantos.environment.settings.environment import EnvironmentSettings
from sandbox.errors import SandboxError
from sandbox.events.events import Event, Handler


class ProcessKilledError(SandboxError):
    """The process that ran a function was killed."""

    code = "sandbox.killed"


@dataclass
class KilledOnce:
    """A resize handler whose first call that would act, from `armed_from` on, dies on the way.

    Such a call runs in a child process, which `kill` starts and kills; the loop sees a failed call and tries again.
    That attempt takes the lease over, since the dead process's record proves it dead, and applies the plan in its bin.
    """

    handler: Handler
    settings: EnvironmentSettings
    clock: Callable[[], datetime]
    armed_from: datetime
    kill: Callable[[Event], None]
    victim: ScalingPlan | None = field(default=None, init=False)

    def __call__(self, event: Event, context: LambdaContext) -> object:
        """Handle the event, or die."""
        if self.victim is None and self.clock() >= self.armed_from:
            plans = [ScalingPlan.model_validate_json(record.value) for record in records.decoded(event)]
            if acting := [plan for plan in plans if self._would_act(plan)]:
                self.victim = acting[0]
                self.kill(event)
                raise ProcessKilledError(
                    "the resize process was killed", remedy="nothing: the next attempt recovers the stack"
                )
        return self.handler(event, context)

    def _would_act(self, plan: ScalingPlan) -> bool:
        if compose_switches(self.settings).read(plan.stack).paused or plan.explanation.expected_violations:
            return False
        current = compose_plan_ledger(self.settings).current().document
        return actuate(
            plan,
            current=current,
            floors=compose_floors(self.settings).read(plan.stack),
            settings=self.settings.actuator,
            ranges=pool_ranges(self.settings),
        ).act
