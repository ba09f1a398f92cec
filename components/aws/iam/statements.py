"""IAM policy documents as values: statements that cannot be broad without saying why."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

VERSION = "2012-10-17"


@dataclass(frozen=True, kw_only=True)
class Statement:
    """What is allowed on what.

    `why_wildcard` is required where the resource is `*`, and says which fact of AWS leaves no narrower one.
    `principals` belong in resource policies only: `{"Service": ["logs.amazonaws.com"]}`.

    Raises:
        ValueError: a `*` resource without a reason, an action of `*`, or nothing to act on.
    """

    sid: str
    actions: Sequence[str]
    resources: Sequence[str]
    effect: str = "Allow"
    principals: Mapping[str, Sequence[str]] = field(default_factory=dict)
    conditions: Mapping[str, Mapping[str, str | Sequence[str]]] = field(default_factory=dict)
    why_wildcard: str = ""

    def __post_init__(self) -> None:
        if not self.actions or not self.resources:
            raise ValueError(f"statement {self.sid} names no action or no resource")
        if self.effect == "Allow" and not self.principals and "*" in self.actions:
            raise ValueError(f"statement {self.sid} allows every action")
        if self.effect == "Allow" and "*" in self.resources and not self.why_wildcard:
            raise ValueError(f"statement {self.sid} is about every resource and gives no reason")

    def document(self) -> dict[str, object]:
        """The statement as IAM writes it."""
        document: dict[str, object] = {
            "Sid": self.sid,
            "Effect": self.effect,
            "Action": list(self.actions),
            "Resource": list(self.resources),
        }
        if self.principals:
            document["Principal"] = {kind: list(names) for kind, names in self.principals.items()}
        if self.conditions:
            document["Condition"] = self.conditions
        return document


def policy_document(statements: Iterable[Statement]) -> str:
    """A policy in JSON, the same text for the same statements."""
    return json.dumps({"Version": VERSION, "Statement": [statement.document() for statement in statements]})


def assume_role_document(
    service: str,
    *,
    account_id: str | None = None,
    actions: Sequence[str] = ("sts:AssumeRole",),
    conditions: Mapping[str, str | Sequence[str]] | None = None,
) -> str:
    """The trust policy by which `service` takes a role.

    With `account_id` only when it acts for that account; a service that states no source account (EC2, Lambda) gets
    none. `conditions` are further keys that must be equal to what they map to.
    """
    statement: dict[str, object] = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": actions[0] if len(actions) == 1 else list(actions),
    }
    equal = {**({} if account_id is None else {"aws:SourceAccount": account_id}), **(conditions or {})}
    if equal:
        statement["Condition"] = {"StringEquals": equal}
    return json.dumps({"Version": VERSION, "Statement": [statement]})


def self_assuming_document(service: str, *, account_id: str, role_name: str) -> str:
    """The trust policy by which `service` takes a role, and the role itself once more.

    A role cannot name itself before it is there: the account is named, and the condition leaves the role alone of it.
    """
    document = json.loads(assume_role_document(service))
    document["Statement"].append(
        {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{account_id}:root"},
            "Action": "sts:AssumeRole",
            "Condition": {"ArnEquals": {"aws:PrincipalArn": f"arn:aws:iam::{account_id}:role/{role_name}"}},
        }
    )
    return json.dumps(document)
