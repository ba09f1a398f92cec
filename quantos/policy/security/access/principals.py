"""Whom a principal of a statement stands for, as far as the account can tell."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from quantos.policy.security.access.arns import parsed_arn
from quantos.policy.security.access.patterns import is_pattern
from quantos.policy.security.documents import Statement


class Standing(Enum):
    """How a principal stands to the account."""

    OWN = "of the account"
    SERVICE = "a service of AWS"
    FEDERATED = "whoever an identity provider of the account knows"
    FOREIGN = "not of the account"
    EVERYBODY = "everybody"


_PASSED = "it acts with a role that was passed to it, and only its own account's can be"
ACTING_FOR_THEIR_ACCOUNT: Mapping[str, str] = {
    "ec2.amazonaws.com": _PASSED,
    "lambda.amazonaws.com": _PASSED,
    "edgelambda.amazonaws.com": _PASSED,
    "eks.amazonaws.com": _PASSED,
    "eks-fargate-pods.amazonaws.com": _PASSED,
    "pods.eks.amazonaws.com": "it hands the role to pods of clusters of the role's own account",
    "s3.amazonaws.com": "replication takes the role that the owner of the source passed; it states no source account",
}
"""Services that take a role for nobody but its own account, each with the reason; they say no source."""


@dataclass(frozen=True, kw_only=True)
class Principal:
    """One name of a statement's principals."""

    name: str
    standing: Standing


def principals(statement: Statement, *, accounts: Sequence[str]) -> Iterator[Principal]:
    """Every principal of a statement. One that is left out by `NotPrincipal` leaves everybody."""
    for kind, names in statement.principals.items():
        for name in names:
            yield Principal(name=name, standing=_standing(kind, name, accounts))


def _standing(kind: str, name: str, accounts: Sequence[str]) -> Standing:
    if name == "*" or (kind != "AWS" and is_pattern(name)):
        return Standing.EVERYBODY
    if kind == "Service":
        return Standing.SERVICE
    if kind not in {"AWS", "Federated"}:
        return Standing.FOREIGN
    arn = parsed_arn(name)
    account = name if arn is None else arn.account
    if is_pattern(account):
        return Standing.EVERYBODY
    if kind == "Federated":
        return Standing.FEDERATED if arn is None or account in accounts else Standing.FOREIGN
    return Standing.OWN if account in accounts else Standing.FOREIGN
