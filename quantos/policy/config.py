"""Limits and exemptions on their way into a pack: `--policy-pack-config FILE`, or `policy_pack_configs`.

The file maps the name of each rule to `{"limits": {...}, "exemptions": [...]}`, since an engine hands every rule its
own configuration.
"""

import dataclasses
from collections.abc import Collection, Iterable, Mapping

from quantos.environment.namespaces import namespaces
from quantos.environment.settings.environment import EnvironmentSettings
from quantos.errors import SettingsError
from quantos.policy.configured import EXEMPTIONS_KEY, LIMITS_KEY
from quantos.policy.cost import monthly, rules
from quantos.policy.cost.increase import COST_INCREASE
from quantos.policy.cost.limits import cost_limits
from quantos.policy.exemptions import EXEMPTION_NEEDED
from quantos.policy.security import rules as security
from quantos.policy.security.limits import NamespaceLevel, SecurityLimits

COST_RULES = tuple(
    rule.name for rule in (*rules.GROUP_RULES, *rules.PLAN_RULES, *rules.STACK_RULES, *monthly.WHOLE_RULES)
)
SECURITY_RULES = tuple(rule.name for rule in security.RULES)


def render_cost_config(settings: EnvironmentSettings) -> dict[str, dict[str, object]]:
    """The cost pack's configuration file for an environment, as a JSON-able value."""
    return _rendered(settings, COST_RULES, limits=dataclasses.asdict(cost_limits(settings)))


def render_security_config(
    settings: EnvironmentSettings, *, sandbox_account_id: str | None = None
) -> dict[str, dict[str, object]]:
    """The security pack's configuration file for an environment, JSON-able; accounts as in `security_limits`."""
    limits = security_limits(settings, sandbox_account_id=sandbox_account_id)
    return _rendered(settings, SECURITY_RULES, limits=dataclasses.asdict(limits))


def render_joint_config(settings: EnvironmentSettings) -> dict[str, dict[str, object]]:
    """The configuration file of both packs' rules in one process."""
    names = (*COST_RULES, *SECURITY_RULES)
    idle: dict[str, dict[str, object]] = {EXEMPTION_NEEDED: {EXEMPTIONS_KEY: _stated(settings, names)}}
    return {**render_cost_config(settings), **render_security_config(settings), **idle}


def security_limits(settings: EnvironmentSettings, *, sandbox_account_id: str | None = None) -> SecurityLimits:
    """The limits of security that an environment file states.

    `sandbox_account_id` is an account that counts as the environment's own: a sandbox stands in for every account.
    """
    accounts = tuple(dict.fromkeys((settings.account_id, sandbox_account_id or settings.account_id)))
    own = tuple(
        f"{account}.dkr.ecr.{region}.amazonaws.com" for account in accounts for region in settings.allowed_regions
    )
    known = namespaces(tuple(settings.platform.teams))
    return SecurityLimits(
        environment=settings.name,
        account_id=settings.account_id,
        accounts=accounts,
        allowed_regions=settings.allowed_regions,
        protected=settings.deletion_protection,
        public_cluster_endpoint=settings.cluster.answers_publicly,
        audit_bucket=settings.names().bucket("audit"),
        registries=own,
        pod_registries=(*own, *settings.security.registries),
        cluster_admins=settings.cluster.admins,
        weaker_namespaces={
            name: NamespaceLevel(level=spec.level, reason=spec.reason)
            for name, spec in known.items()
            if spec.level != "restricted"
        },
    )


def _rendered(
    settings: EnvironmentSettings, rules: Iterable[str], *, limits: Mapping[str, object]
) -> dict[str, dict[str, object]]:
    """Each rule's part, and all exemptions for the one that looks for idle ones.

    Raises SettingsError for an exemption from a rule that no pack has.
    """
    known = frozenset((*COST_RULES, *SECURITY_RULES, COST_INCREASE.name))
    for exemption in settings.exemptions:
        if exemption.rule not in known:
            raise SettingsError(
                f"{settings.name} exempts {exemption.resource} from {exemption.rule}, which is no rule of any pack",
                remedy="name a rule as the packs do, or remove the exemption from the environment file",
            )
    names = tuple(rules)
    parts: dict[str, dict[str, object]] = {
        name: {LIMITS_KEY: limits, EXEMPTIONS_KEY: _stated(settings, (name,))} for name in names
    }
    return {**parts, EXEMPTION_NEEDED: {EXEMPTIONS_KEY: _stated(settings, names)}}


def _stated(settings: EnvironmentSettings, rules: Collection[str]) -> list[dict[str, object]]:
    return [exemption.model_dump(mode="json") for exemption in settings.exemptions if exemption.rule in rules]
