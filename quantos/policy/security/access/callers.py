"""Whom the conditions of a statement leave: the account, somebody else who is known, or anybody."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from enum import Enum

from quantos.policy.security.access.arns import parsed_arn
from quantos.policy.security.access.conditions import ARN_LIKE, EXACT, LIKE, Test
from quantos.policy.security.access.patterns import is_pattern, literal_head

ACCOUNT = re.compile(r"\d{12}")
ORGANISATION = re.compile(r"o-[a-z0-9]{4,32}")
NETWORK = re.compile(r"vpce?-[0-9a-zA-Z]+")
IDENTITY_KEYS = frozenset({
    "aws:principalaccount", "aws:principalarn", "aws:principalorgid", "aws:principalorgpaths", "kms:calleraccount",
})  # fmt: skip
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
    """Whom tests leave of everybody.

    All must be met, so the narrowest rules; but who is named to be of another account is, whatever network or
    organisation he comes from: only the account itself outweighs that.
    """
    return _left([_of_test(test, _KEYS, accounts) for test in tests])


def callers_of_service(tests: tuple[Test, ...], *, accounts: Sequence[str]) -> Callers:
    """For whom tests let a service act. Only a service says for itself whose data it encrypts."""
    return _left([_of_test(test, _KEYS_OF_SERVICES, accounts) for test in tests])


def identities(tests: tuple[Test, ...], *, accounts: Sequence[str]) -> Callers:
    """Whom tests of the identity itself leave, whatever they say of the way it came."""
    return callers(tuple(test for test in tests if test.key in IDENTITY_KEYS), accounts=accounts)


def spares(test: Test, *, accounts: Sequence[str]) -> bool:
    """Whether a test of a denial leaves out somebody of the account, as far as its key says who calls."""
    if test.key in {"aws:principalaccount", "kms:calleraccount"}:
        named = any(value in accounts or value.lower() in SAME_ACCOUNT for value in test.values)
        return named if "Not" in test.operator else not named and test.operator != "Null"
    if test.key == "aws:principalarn" and "Not" in test.operator:
        return any(_arn(value, _read_as_like(test), accounts) is Callers.ACCOUNT for value in test.values)
    certain = {"aws:securetransport": "true", "aws:principalisawsservice": "false"}
    if test.operator == "Bool" and test.values == (certain.get(test.key),):
        return False
    return test.operator != "Null" and not any(_is_open(value) for value in test.values)


def _is_open(value: str) -> bool:
    """Whether a value with wildcards stands for every text or every ARN of somebody."""
    arn = parsed_arn(value)
    return not literal_head(value if arn is None else arn.resource)


def _read_as_like(test: Test) -> Test:
    return replace(test, operator="ArnLike", needs_key=True)


def _left(each: Sequence[Callers]) -> Callers:
    if Callers.FOREIGN in each and Callers.ACCOUNT not in each:
        return Callers.FOREIGN
    return min(each, key=_ORDER.index, default=Callers.ANYBODY)


def _of_test(test: Test, keys: Mapping[str, _Read], accounts: Sequence[str]) -> Callers:
    read = keys.get(test.key)
    if read is None or not test.is_positive:
        return Callers.ANYBODY
    return max((read(value, test, accounts) for value in test.values), key=_ORDER.index)


def _account(value: str, _: Test, accounts: Sequence[str]) -> Callers:
    if value.lower() in SAME_ACCOUNT:
        return Callers.ACCOUNT
    if ACCOUNT.fullmatch(value) is None:
        return Callers.ANYBODY
    return Callers.ACCOUNT if value in accounts else Callers.FOREIGN


def _way(value: str, test: Test, accounts: Sequence[str]) -> Callers:
    """By the account of a way that anybody may come."""
    owner = _arn(value, test, accounts) if value.startswith("arn:") else _account(value, test, accounts)
    return Callers.KNOWN if owner is Callers.ACCOUNT else owner


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
            "aws:principalaccount", "aws:sourceaccount", "aws:sourceowner", "kms:calleraccount",
        ),
        _account,
    ),
    **dict.fromkeys(("aws:vpceaccount", "aws:sourcevpcarn", "s3:dataaccesspointaccount"), _way),
    **dict.fromkeys(("aws:principalorgid", "aws:sourceorgid", "aws:vpceorgid"), _organisation),
    **dict.fromkeys(("aws:principalorgpaths", "aws:sourceorgpaths", "aws:vpceorgpaths"), _organisation_path),
    **dict.fromkeys(("aws:sourcevpc", "aws:sourcevpce"), _network),
    **dict.fromkeys(("aws:principalarn", "aws:sourcearn"), _arn),
}  # fmt: skip
"""What a value of a key says of who calls."""
_KEYS_OF_SERVICES: Mapping[str, _Read] = {**_KEYS, "kms:encryptioncontext:aws:logs:arn": _arn}
