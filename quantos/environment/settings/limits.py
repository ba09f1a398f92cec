"""The `limits:`, `security:` and `exemptions:` sections: what the policy packs hold an environment to."""

from datetime import date
from typing import Self, get_args

from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt, model_validator

from quantos.contracts.base import Slug
from quantos.environment.settings.base import Layer, Settings


class CostLimitSettings(Settings):
    """What the cost pack holds this environment to; the planner calls the same rules with the same numbers.

    `budget_usd_per_month` is for everything that carries the environment's tag, its services included, and nothing is
    stopped by it: it tells at 80 % spent and 100 % forecast. An unusual cost is told from `anomaly_usd` on.

    `usd_per_month` is what each layer may cost at most; `max_increase` by which share a pull request may make one
    component dearer, where the rise is above `increase_from_usd_per_month`. By default the tags are those that a
    bill is attributed by, and a rise of a quarter has to be asked for.
    """

    ceiling_usd_per_hour: PositiveFloat
    budget_usd_per_month: PositiveFloat
    anomaly_usd: PositiveFloat
    max_nodes: PositiveInt
    max_step_up_nodes: PositiveInt
    max_step_down_nodes: PositiveInt
    instance_families: tuple[str, ...] = Field(min_length=1)
    min_batch_spot_share: float = Field(ge=0, le=1)
    required_tags: tuple[str, ...] = Field(default=("environment", "pool", "owner", "cost-centre"), min_length=1)
    usd_per_month: dict[str, PositiveFloat]
    max_increase: PositiveFloat = 0.25
    increase_from_usd_per_month: NonNegativeFloat
    database_classes: tuple[str, ...]
    broker_types: tuple[str, ...]

    @model_validator(mode="after")
    def _every_layer(self) -> Self:
        if wrong := sorted(set(get_args(Layer)) ^ set(self.usd_per_month)):
            raise ValueError(f"usd_per_month has to name every layer and nothing else; wrong is {', '.join(wrong)}")
        return self


class SecuritySettings(Settings):
    """What the security pack knows beside the environment itself.

    `registries` are hosts, with or without a path, from which images may come beside the account's own.
    """

    registries: tuple[str, ...] = ()


class ExemptionSettings(Settings):
    """What is let off one policy rule, up to and including the day `expires`, because of `reason`.

    `resource` is a pattern (`*`, `?`) of names or URNs of resources in the stack of `layer`; the stack itself goes by
    its name, an object that only a chart holds by `Kind namespace/name`.
    """

    rule: Slug
    layer: Layer
    resource: str = Field(min_length=1)
    owner: str = Field(min_length=1)
    reason: str = Field(min_length=20)
    expires: date
