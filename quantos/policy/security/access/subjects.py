"""Subjects of tokens by which an OpenID provider says who somebody is, and whether a pattern of them names one.

`repo:firm/desk:*` names one repository, whatever its branch or workflow; `repo:firm/*` is every repository that anybody
in the organisation makes, and is refused. So with projects, workspaces and pipelines of other providers.
"""

import re
from collections.abc import Sequence

from quantos.policy.security.access.conditions import Test
from quantos.policy.security.access.patterns import is_pattern, literal_head

HEADS: Sequence[re.Pattern[str]] = tuple(
    re.compile(head)
    for head in (
        r"repo:[^/:]+/[^/:]+:",
        r"project_path:[^/:]+(/[^/:]+)+:",
        r"organization:[^:]+:project:[^:]+:workspace:[^:]+:",
        r"organization:[^:]+:pipeline:[^:]+:",
        r"org/[^/]+/project/[^/]+/",
    )
)
"""What has to stand before the first wildcard: GitHub, GitLab, HCP Terraform, Buildkite, CircleCI."""


SIGN_IN = "https://signin.aws.amazon.com/saml"


def names_one(subject: str) -> bool:
    """Whether a subject with wildcards is one repository, project, workspace or pipeline; without, it is one."""
    if not is_pattern(subject):
        return bool(subject.strip())
    return any(head.match(literal_head(subject)) for head in HEADS)


def has_subject(tests: Sequence[Test], *, provider: str) -> bool:
    """Whether tests leave one named subject of a provider, given by its ARN or name.

    A directory of the account's own (SAML) chooses who takes which role; its answers have to be meant for AWS.
    """
    if ":saml-provider/" in provider:
        return any(test.key == "saml:aud" and test.is_positive and test.values == (SIGN_IN,) for test in tests)
    key = f"{provider.partition('oidc-provider/')[2] or provider}:sub".lower()
    return any(test.key == key and test.is_positive and all(map(names_one, test.values)) for test in tests)
