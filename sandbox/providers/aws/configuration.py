"""Settings of the AWS provider that the stand-in honours; any other is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from sandbox.errors import SandboxError
from sandbox.providers.account import Account
from sandbox.providers.store import Store
from sandbox.providers.validation import Failure
from sandbox.providers.values import Document, Json, items, mapping, string_map, text

_WITHOUT_EFFECT = frozenset(
    {
        "accessKey",
        "secretKey",
        "token",
        "profile",
        "skipCredentialsValidation",
        "skipMetadataApiCheck",
        "skipRegionValidation",
        "skipRequestingAccountId",
        "maxRetries",
        "retryMode",
        "version",
        "pluginDownloadURL",
    }
)
"""The sandbox has one endpoint and takes any credentials, so that these change nothing."""

_HONOURED = frozenset({"region", "defaultTags", "allowedAccountIds", "forbiddenAccountIds"})


def provider_failures(settings: Document) -> Iterator[Failure]:
    """Settings which the stand-in would have to drop."""
    for name in sorted(settings):
        if name not in _WITHOUT_EFFECT | _HONOURED:
            yield Failure(name, f"the AWS stand-in does not honour the provider setting {name}")


def _nested(value: Json) -> Json:
    return json.loads(value) if isinstance(value, str) and value[:1] in {"{", "["} else value


def provider_account(settings: Document, *, environment: Mapping[str, str]) -> Account:
    """The account of the environment, in the region of the settings or else of the environment.

    Raises:
        SandboxError: no endpoint is set (the stand-in never talks to AWS itself), no region, or a wrong account.
    """
    if not environment.get("AWS_ENDPOINT_URL"):
        raise SandboxError(
            "AWS_ENDPOINT_URL is not set: the stand-in serves the sandbox only and never AWS itself",
            remedy="run with the sandbox's environment, or install the real provider with `pulumi plugin install`",
        )
    region = text(settings.get("region")) or environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION", "")
    if not region:
        raise SandboxError("no AWS region is set", remedy="set aws:region or AWS_REGION")
    tags = string_map(mapping(_nested(settings.get("defaultTags"))).get("tags"))
    account = Account(region, Store.from_environment(), default_tags=tags)
    allowed = [text(part) for part in items(_nested(settings.get("allowedAccountIds")))]
    forbidden = [text(part) for part in items(_nested(settings.get("forbiddenAccountIds")))]
    if (allowed and account.account_id not in allowed) or (forbidden and account.account_id in forbidden):
        raise SandboxError(
            f"account {account.account_id} is not one that this program may use",
            remedy="change to the right account, or correct allowedAccountIds",
        )
    return account
