"""How much an ARN with wildcards stands for."""

import re
from dataclasses import dataclass
from enum import Enum

from quantos.policy.security.access.patterns import is_pattern, literal_head

SHARED_PATHS = ("service-role", "aws-service-role", "aws-reserved")
"""Paths of roles that AWS, and its console, fill for everybody."""

UNTYPED = frozenset({"sqs", "sns", "codecommit", "codepipeline", "execute-api"})
"""Services whose ARNs end in a name without its kind; elsewhere `r*` stands for all of `role/` before any name."""
SEGMENT = re.compile(r"(?!mrk-)[^-_/.:!]{3,}[-_/.:!]")
"""What a beginning has to hold to be somebody's own: a whole word and its end. `mrk-` begins every key of many regions.
"""
ACCOUNTLESS = frozenset({"image", "snapshot"})
"""Kinds of EC2 whose ARNs have no account."""


class Breadth(Enum):
    """What a resource in a policy stands for, from least to most."""

    NAMED = "what it names"
    KIND = "everything of its kind in an account, or of its name in any"
    EVERYTHING = "everything of a service"


@dataclass(frozen=True, kw_only=True)
class Arn:
    """`arn:partition:service:region:account:resource`; `resource` may itself have colons."""

    service: str
    account: str
    resource: str


def parsed_arn(text: str) -> Arn | None:
    """The parts of an ARN, or None for a text that is none, or that leaves parts out."""
    parts = text.split(":", 5)
    if len(parts) < 6 or parts[0] != "arn":
        return None
    return Arn(service=parts[2], account=parts[4], resource=parts[5])


def breadth(resource: str) -> Breadth:
    """What a resource stands for. A text that is no ARN, or hides its service, stands for everything."""
    arn = parsed_arn(resource)
    if arn is None or is_pattern(arn.service):
        return Breadth.EVERYTHING
    of_account = not is_pattern(arn.account) and bool(arn.account)
    if _name_head(arn):
        return Breadth.KIND if is_pattern(arn.account) else Breadth.NAMED
    accountless = arn.service == "ec2" and arn.resource.partition("/")[0] in ACCOUNTLESS
    return Breadth.KIND if of_account or accountless else Breadth.EVERYTHING


def _name_head(arn: Arn) -> str:
    """What is sure of the name: `quantos-` of `role/quantos-*`, nothing of `role/*` or `role/q*`.

    Below a path of everybody it begins behind the path. In S3 it is the bucket's, and a wildcard in front of it stands
    for any account's.
    """
    if arn.service == "s3" and not arn.account:
        return _own_head(arn.resource.partition("/")[0])
    if arn.service in UNTYPED or not is_pattern(arn.resource):
        return _own_head(arn.resource)
    kind, name = _split(arn.resource)
    head = "" if is_pattern(kind) else _own_head(name)
    if any(f"{path}/".startswith(head) for path in SHARED_PATHS):
        return ""
    shared = next((path for path in SHARED_PATHS if head.startswith(f"{path}/")), "")
    return _own_head(name.removeprefix(f"{shared}/"))


def _own_head(name: str) -> str:
    """A name without wildcards; what stands before the first, where it ends no word too early to be anybody's."""
    head = literal_head(name)
    return head if head == name or SEGMENT.search(head) else ""


def _split(resource: str) -> tuple[str, str]:
    """`role` and `x` of `role/x`; a separator that stands first belongs to the kind."""
    places = [place for place in (resource.find("/", 1), resource.find(":", 1)) if place > 0]
    first = min(places, default=len(resource))
    return resource[:first], resource[first + 1 :]
