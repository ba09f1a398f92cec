"""The table of aliases says what the provider's SDK says, so that a new alias is noticed."""

import pytest

from quantos.catalog.free_types import free_types
from quantos.catalog.type_tokens import canonical_type, type_aliases
from quantos.costing.pricing import PRICERS
from quantos.errors import CatalogError
from quantos.policy.security.rules import RULES
from tests.support.aws_sdk import SdkResource, sdk_resources

COPIES = {"alb": "lb"}
"""Modules of which each type is also in another, property by property."""


def module(token: str) -> str:
    return token.removeprefix("aws:").partition("/")[0]


def is_copied(of: SdkResource, to: str) -> bool:
    other = sdk_resources().get(f"aws:{to}/{of.token.partition('/')[2]}")
    return other is not None and other.inputs.keys() == of.inputs.keys() and other.outputs.keys() == of.outputs.keys()


def copied(token: str) -> str:
    return token.replace(f"aws:{module(token)}/", f"aws:{COPIES.get(module(token), module(token))}/")


def test_the_table_has_every_alias_of_the_sdk_and_every_type_of_a_copied_module() -> None:
    known = {alias: copied(token) for token, each in sdk_resources().items() for alias in each.aliases}
    copies = {token: copied(token) for token in sdk_resources() if module(token) in COPIES}
    assert dict(type_aliases()) == {**known, **copies}


def test_a_module_that_copies_another_is_stated() -> None:
    by_module: dict[str, list[SdkResource]] = {}
    for token, each in sdk_resources().items():
        by_module.setdefault(module(token), []).append(each)
    found = {
        (one, other)
        for one, resources in by_module.items()
        for other in by_module
        if one != other and all(is_copied(each, other) for each in resources)
    }
    assert found == set(COPIES.items())


def test_a_canonical_token_is_of_the_sdk_and_has_no_other() -> None:
    assert set(type_aliases().values()) <= set(sdk_resources())
    assert not set(type_aliases().values()) & set(type_aliases())
    assert (
        canonical_type("aws:applicationloadbalancing/loadBalancer:LoadBalancer") == "aws:lb/loadBalancer:LoadBalancer"
    )
    assert canonical_type("aws:s3/bucketV2:BucketV2") == "aws:s3/bucket:Bucket"
    assert canonical_type("quantos:aws/storage:Bucket") == "quantos:aws/storage:Bucket"


def test_rules_and_prices_name_canonical_tokens_only() -> None:
    named = {*PRICERS, *free_types(), *(kind for rule in RULES for kind in rule.types)}
    assert {kind for kind in named if canonical_type(kind) != kind} == set()


def test_rules_and_prices_name_types_that_the_sdk_knows() -> None:
    named = {*PRICERS, *free_types(), *(kind for rule in RULES for kind in rule.types)}
    plain = {kind for kind in named if kind.startswith("aws:") and not kind.endswith("*")}
    assert sorted(plain - set(sdk_resources())) == []


def test_a_table_that_cannot_be_read_is_refused(tmp_path) -> None:
    (tmp_path / "type_aliases.csv").write_text("old,new\na,b\n", encoding="utf-8")
    with pytest.raises(CatalogError, match="cannot be read"):
        type_aliases(tmp_path)
