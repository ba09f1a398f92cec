"""Conditions of statements: what each test says of the request, and whether it leaves anybody out.

A test narrows where it is only met by a request that carries the key with one of its values. `IfExists` and
`ForAllValues` are met by a request without the key, negative operators by everybody but a few, `Null` by everybody who
has the key: none of these narrows, but that `Null: false` on the key makes up for its possible absence.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from quantos.policy.security.access.patterns import literal_head
from quantos.policy.security.values import Values, at, texts, values

EXACT = frozenset({"StringEquals", "StringEqualsIgnoreCase"})
LIKE = "StringLike"
ARN_LIKE = frozenset({"ArnLike", "ArnEquals"})
POSITIVE = frozenset({*EXACT, LIKE, *ARN_LIKE})
"""Operators on texts that are met by the values they name; both on ARNs take wildcards."""
RESOURCE_MARK = re.compile(r"([a-z0-9-]+):resourcetag/|kms:(resourcealiases$|encryptioncontext:)")
"""Keys that tell resources of one kind apart: their tags, a key's other names, and what is encrypted with it."""


@dataclass(frozen=True, kw_only=True)
class Test:
    """One key under one operator. `operator` is without prefix and suffix, `key` in small letters.

    `needs_key` says whether a request without the key fails it; its `values` are alternatives.
    """

    __test__ = False

    operator: str
    key: str
    values: tuple[str, ...]
    needs_key: bool

    @property
    def is_positive(self) -> bool:
        """Whether it is met only by a request that carries one of its values."""
        return self.operator in POSITIVE and self.needs_key and bool(self.values)


def condition_tests(statement: Values) -> tuple[Test, ...]:
    """Every test of a statement; all of them must be met."""
    present = frozenset(_always_present(statement))
    return tuple(_tests(values(statement, "Condition"), present))


def picks_resources(tests: tuple[Test, ...]) -> bool:
    """Whether tests leave only resources that are marked in a way that the policy names."""
    return any(
        test.is_positive and bool(RESOURCE_MARK.match(test.key)) and all(literal_head(value) for value in test.values)
        for test in tests
    )


def _tests(conditions: Values, present: frozenset[str]) -> Iterator[Test]:
    for written in conditions:
        operator = written.removeprefix("ForAnyValue:").removeprefix("ForAllValues:")
        lenient = operator.endswith("IfExists") or written.startswith("ForAllValues:")
        for key in values(conditions, written):
            yield Test(
                operator=operator.removesuffix("IfExists"),
                key=key.lower(),
                values=texts(conditions, written, key),
                needs_key=not lenient or key.lower() in present,
            )


def _always_present(statement: Values) -> Iterator[str]:
    nulls = values(statement, "Condition", "Null")
    for key in nulls:
        if at(nulls, key) is False or texts(nulls, key) == ("false",):
            yield key.lower()
