"""Every property of the provider that carries a policy is listed, so that a place which AWS adds is noticed."""

import re

import pytest

from quantos.catalog.type_tokens import canonical_type
from quantos.errors import SettingsError
from quantos.policy.security.access.places import Kind, policy_places, statements_of, types_with
from tests.support.aws_sdk import SdkResource, nested, sdk_resources
from tests.support.secure_resources import document, resource

CARRIES = re.compile(r"(policy|policies|document|policyBody|policyText|policyTemplate)$", re.IGNORECASE)
TEXT = re.compile(r"\b_builtins\.str\b|PolicyDocumentArgs")


def carries(name: str, kind: str) -> bool:
    text = kind.replace("PolicyDocumentArgs'", "")
    return bool(CARRIES.search(name) and TEXT.search(kind) and "Args'" not in text)


def test_every_property_that_may_carry_a_policy_is_listed_and_no_other() -> None:
    found = {
        (token, name)
        for token, each in sdk_resources().items()
        if canonical_type(token) == token
        for name, kind in each.inputs.items()
        if carries(name, kind)
    }
    listed = {(place.type, place.path) for place in policy_places() if not re.search(r"[.\[]", place.path)}
    assert found - listed == set()
    assert listed - found == set()


def policies_in_blocks(each: SdkResource) -> set[str]:
    return {
        f"{name}.{inner}"
        for name, kind in each.inputs.items()
        for inner, what in nested(each.module, kind).items()
        if inner.lower() in {"policy", "policydocument", "inlinepolicy", "resourcepolicy", "accesspolicy"}
        and TEXT.search(what)
    }


def test_every_policy_inside_a_block_is_listed() -> None:
    found = {(token, path) for token, each in sdk_resources().items() for path in policies_in_blocks(each)}
    listed = {(place.type, place.path.replace("[]", "")) for place in policy_places() if "." in place.path}
    assert found == listed


def test_each_place_says_why_and_no_place_is_listed_twice() -> None:
    places = policy_places()
    assert all(place.reason for place in places)
    assert len({(place.type, place.path) for place in places}) == len(places)


def test_policies_of_a_list_and_of_a_block_are_read() -> None:
    role = {"assumeRolePolicy": document(Sid="A"), "inlinePolicies": [{"policy": document(Sid="B")}, {"name": "x"}]}
    sids = [each.sid for each in statements_of(resource("aws:iam/role:Role", role), Kind.IDENTITY, Kind.TRUST)]
    assert sorted(sids) == ["A", "B"]
    assert "aws:glue/resourcePolicy:ResourcePolicy" in types_with(Kind.RESOURCE)


def test_a_file_that_cannot_be_read_is_refused(tmp_path) -> None:
    broken = tmp_path / "places.csv"
    broken.write_text("type,property,kind,reason\nx,policy,unheard-of,r\n", encoding="utf-8")
    with pytest.raises(SettingsError, match="cannot be read"):
        policy_places(broken)
