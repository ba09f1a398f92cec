"""Whom the conditions of a statement leave: the account, somebody else who is known, or anybody."""

import re
from collections.abc import Callable, Mapping, Sequence
from enum import Enum

from quantos.policy.security.access.arns import parsed_arn
from quantos.policy.security.access.conditions import ARN_LIKE, EXACT, LIKE, Test
from quantos.policy.security.access.patterns import is_pattern, literal_head

ACCOUNT = re.compile(r"\d{12}")
ORGANISATION = re.compile(r"o-[a-z0-9]{4,32}")
NETWORK = re.compile(r"vpce?-[0-9a-zA-Z]+")
SAME_ACCOUNT = frozenset({"${aws:resourceaccount}"})
SAME_ORGANISATION = frozenset({"${aws:resourceorgid}"})


class Callers(Enum):
    """Who may still come, from least to most."""

    ACCOUNT = "the account"
    KNOWN = "an organisation, a network or a resource that is named"
    FOREIGN = "another account"
    ANYBODY = "anybody"


_ORDER = list(Callers)
_Read = Callable[[str, Test, Sequence[str]], Callers]


def callers(tests: tuple[Test, ...], *, accounts: Sequence[str]) -> Callers:
    """Whom tests leave of everybody: all must be met, so the narrowest rules."""
    return min((_of_test(test, accounts) for test in tests), key=_ORDER.index, default=Callers.ANYBODY)


def _of_test(test: Test, accounts: Sequence[str]) -> Callers:
    read = _KEYS.get(test.key)
    if read is None or not test.is_positive:
        return Callers.ANYBODY
    return max((read(value, test, accounts) for value in test.values), key=_ORDER.index)


def _account(value: str, _: Test, accounts: Sequence[str]) -> Callers:
    if value.lower() in SAME_ACCOUNT:
        return Callers.ACCOUNT
    if ACCOUNT.fullmatch(value) is None:
        return Callers.ANYBODY
    return Callers.ACCOUNT if value in accounts else Callers.FOREIGN


def _organisation(value: str, _: Test, __: Sequence[str]) -> Callers:
    known = value.lower() in SAME_ORGANISATION or ORGANISATION.fullmatch(value) is not None
    return Callers.KNOWN if known else Callers.ANYBODY


def _organisation_path(value: str, _: Test, __: Sequence[str]) -> Callers:
    known = "/" in value and ORGANISATION.fullmatch(value.partition("/")[0]) is not None
    return Callers.KNOWN if known else Callers.ANYBODY


def _network(value: str, _: Test, __: Sequence[str]) -> Callers:
    return Callers.KNOWN if NETWORK.fullmatch(value) is not None else Callers.ANYBODY


def _arn(value: str, test: Test, accounts: Sequence[str]) -> Callers:
    """By the account in it; a bucket's, which has none, by its name.

    `ArnLike` reads part by part. The `*` of `StringLike` runs over colons, so that in front of the account it takes
    in ARNs of anybody who puts the account's number into a name.
    """
    arn = parsed_arn(value)
    if arn is None or is_pattern(arn.account) or test.operator not in {*EXACT, LIKE, *ARN_LIKE}:
        return Callers.ANYBODY
    if test.operator == LIKE and literal_head(value).count(":") < 5:
        return Callers.ANYBODY
    if arn.account:
        return _account(arn.account, test, accounts)
    named = arn.service == "s3" and arn.resource and not is_pattern(arn.resource.partition("/")[0])
    return Callers.KNOWN if named else Callers.ANYBODY


_KEYS: Mapping[str, _Read] = {
    **dict.fromkeys(
        (
            "aws:principalaccount", "aws:sourceaccount", "aws:sourceowner", "aws:vpceaccount", "kms:calleraccount",
            "s3:dataaccesspointaccount",
        ),
        _account,
    ),
    **dict.fromkeys(("aws:principalorgid", "aws:sourceorgid", "aws:vpceorgid"), _organisation),
    **dict.fromkeys(("aws:principalorgpaths", "aws:sourceorgpaths", "aws:vpceorgpaths"), _organisation_path),
    **dict.fromkeys(("aws:sourcevpc", "aws:sourcevpce"), _network),
    **dict.fromkeys(("aws:principalarn", "aws:sourcearn", "aws:sourcevpcarn"), _arn),
}  # fmt: skip
"""What a value of a key says of who calls."""
