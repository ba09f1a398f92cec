"""What answers calls: accepted as it should be, and refused with one thing changed, or whatever it says."""

import pytest

from quantos.policy.security.apis import API_RULES
from quantos.policy.security.resource import Resource, concerns
from tests.support.changed import ABSENT, changed
from tests.support.secure_resources import LIMITS, PROPERTIES, resource

API, ROUTE = "aws:apigatewayv2/api:Api", "aws:apigatewayv2/route:Route"
INTEGRATION, TARGETS = "aws:apigatewayv2/integration:Integration", "aws:lb/targetGroup:TargetGroup"
REST_API, METHOD = "aws:apigateway/restApi:RestApi", "aws:apigateway/method:Method"
CASES = [
    ("api-route-authorised", ROUTE, "authorizationType", "NONE"),
    ("api-route-authorised", ROUTE, "authorizationType", ABSENT),
    ("api-origins-named", API, "corsConfiguration.allowOrigins", ["*"]),
    ("api-origins-named", API, "corsConfiguration.allowOrigins", ["https://*"]),
    ("api-routes-declared", API, "target", "arn:aws:lambda:us-east-1:1:function:x"),
    ("api-routes-declared", API, "body", "{}"),
    ("api-routes-declared", REST_API, "body", "{}"),
    ("api-integration-encrypted", INTEGRATION, "integrationUri", "http://desk.example"),
    ("api-method-authorised", METHOD, "authorization", "NONE"),
    ("rest-api-private", REST_API, "endpointConfiguration", ABSENT),
    ("rest-api-private", REST_API, "endpointConfiguration.types", ["REGIONAL"]),
    ("targets-encrypted", TARGETS, "protocol", "HTTP"),
    ("targets-encrypted", TARGETS, "protocol", ABSENT),
]
UNSAFE_BY_KIND = next(rule for rule in API_RULES if rule.name == "no-edge-service")


def refusing(declared: Resource) -> set[str]:
    return {rule.name for rule in API_RULES if concerns(rule.types, declared.type) and rule.messages(declared, LIMITS)}


@pytest.mark.parametrize("kind", [API, ROUTE, INTEGRATION, TARGETS, REST_API, METHOD])
def test_what_asks_who_calls_and_encrypts_is_accepted(kind: str) -> None:
    assert refusing(resource(kind)) == set()


@pytest.mark.parametrize(("rule", "kind", "path", "new"), CASES)
def test_a_rule_refuses_it_with_one_thing_changed(rule: str, kind: str, path: str, new: object) -> None:
    assert refusing(resource(kind, changed(PROPERTIES[kind], path, new))) == {rule}


@pytest.mark.parametrize("kind", UNSAFE_BY_KIND.types)
def test_what_can_only_answer_to_the_internet_is_refused_whatever_it_says(kind: str) -> None:
    assert refusing(resource(kind, {})) == {UNSAFE_BY_KIND.name}


def test_targets_without_a_protocol_of_their_own_need_none() -> None:
    assert refusing(resource(TARGETS, {"targetType": "lambda"})) == set()
    assert refusing(resource("aws:alb/targetGroup:TargetGroup", {"protocol": "HTTP"})) == {"targets-encrypted"}


def test_every_rule_has_a_refusing_case() -> None:
    assert {case[0] for case in CASES} | {UNSAFE_BY_KIND.name} == {rule.name for rule in API_RULES}
