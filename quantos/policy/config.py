"""Limits on their way into a policy pack: `--policy-pack-config FILE`, or `policy_pack_configs` of the Automation API.

The file maps the name of each rule to `{"limits": {...}}`, since an engine hands every rule its own configuration.
"""

import dataclasses
from collections.abc import Mapping

from pydantic import TypeAdapter, ValidationError

from quantos.environment.settings import EnvironmentSettings
from quantos.errors import SettingsError
from quantos.policy.cost import GROUP_RULES, PLAN_RULES, STACK_RULES
from quantos.policy.limits import CostLimits, cost_limits
from quantos.policy.monthly_cost import WHOLE_RULES

LIMITS_KEY = "limits"
_READER = TypeAdapter(CostLimits)


def render_cost_config(settings: EnvironmentSettings) -> dict[str, dict[str, object]]:
    """The cost pack's configuration file for an environment, as a JSON-able value."""
    limits = dataclasses.asdict(cost_limits(settings))
    return {rule.name: {LIMITS_KEY: limits} for rule in (*GROUP_RULES, *PLAN_RULES, *STACK_RULES, *WHOLE_RULES)}


def parsed_limits(config: Mapping[str, object]) -> CostLimits:
    """The limits in one rule's configuration. Raises SettingsError when they are absent or not complete."""
    remedy = "pass the file that `quantos env` renders from the environment file as --policy-pack-config"
    if LIMITS_KEY not in config:
        raise SettingsError("the cost pack was given no limits", remedy=remedy)
    try:
        return _READER.validate_python(config[LIMITS_KEY])
    except ValidationError as exc:
        problems = "; ".join(f"{'.'.join(map(str, error['loc']))}: {error['msg']}" for error in exc.errors())
        raise SettingsError(f"the cost pack was given limits it cannot use ({problems})", remedy=remedy) from exc
