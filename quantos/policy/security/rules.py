"""The security rules, all of them."""

from quantos.policy.security.access.rules import ACCESS_RULES
from quantos.policy.security.apis import API_RULES
from quantos.policy.security.companions import STACK_RULES
from quantos.policy.security.destinations import DESTINATION_RULES
from quantos.policy.security.encryption import ENCRYPTION_RULES
from quantos.policy.security.exposure import EXPOSURE_RULES
from quantos.policy.security.iam import DOCUMENT_RULES, IAM_RULES
from quantos.policy.security.known_types import known_types_rule
from quantos.policy.security.records import RECORD_RULES
from quantos.policy.security.residency import RESIDENCY_RULES
from quantos.policy.security.resilience import RESILIENCE_RULES
from quantos.policy.security.resource import ResourceRule
from quantos.policy.security.transit import TRANSIT_RULES
from quantos.policy.security.workloads.images import IMAGE_RULES
from quantos.policy.security.workloads.objects import KUBERNETES_RULES

PACK = "quantos-security"
_OF_TYPES: tuple[ResourceRule, ...] = (
    *ENCRYPTION_RULES,
    *TRANSIT_RULES,
    *EXPOSURE_RULES,
    *API_RULES,
    *IAM_RULES,
    *ACCESS_RULES,
    *DESTINATION_RULES,
    *RECORD_RULES,
    *RESIDENCY_RULES,
    *RESILIENCE_RULES,
    *IMAGE_RULES,
    *KUBERNETES_RULES,
)
RESOURCE_RULES: tuple[ResourceRule, ...] = (*_OF_TYPES, *DOCUMENT_RULES, known_types_rule((*_OF_TYPES, *STACK_RULES)))
RULES = (*RESOURCE_RULES, *STACK_RULES)

__all__ = ["PACK", "RESOURCE_RULES", "RULES", "STACK_RULES"]
