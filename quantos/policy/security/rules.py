"""The security rules, all of them."""

from quantos.policy.security.companions import STACK_RULES
from quantos.policy.security.encryption import ENCRYPTION_RULES
from quantos.policy.security.exposure import EXPOSURE_RULES
from quantos.policy.security.iam import IAM_RULES
from quantos.policy.security.records import RECORD_RULES
from quantos.policy.security.residency import RESIDENCY_RULES
from quantos.policy.security.resilience import RESILIENCE_RULES
from quantos.policy.security.resource import ResourceRule
from quantos.policy.security.transit import TRANSIT_RULES
from quantos.policy.security.workloads.images import IMAGE_RULES
from quantos.policy.security.workloads.objects import KUBERNETES_RULES

PACK = "quantos-security"
RESOURCE_RULES: tuple[ResourceRule, ...] = (
    *ENCRYPTION_RULES,
    *TRANSIT_RULES,
    *EXPOSURE_RULES,
    *IAM_RULES,
    *RECORD_RULES,
    *RESIDENCY_RULES,
    *RESILIENCE_RULES,
    *IMAGE_RULES,
    *KUBERNETES_RULES,
)
RULES = (*RESOURCE_RULES, *STACK_RULES)

__all__ = ["PACK", "RESOURCE_RULES", "RULES", "STACK_RULES"]
