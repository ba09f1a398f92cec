"""A provider of a region that the environment does not allow is refused."""

from quantos.policy.security.rules import RESOURCE_RULES
from tests.support.secure_resources import LIMITS, resource

(RULE,) = (rule for rule in RESOURCE_RULES if rule.name == "allowed-regions")


def test_a_provider_of_another_region_is_refused() -> None:
    for region, expected in (("eu-central-1", True), ("us-east-1", False)):
        provider = resource("pulumi:providers:aws", {"region": region})
        assert bool(RULE.messages(provider, LIMITS)) is expected
