"""What the security rules hold an environment to, from its file."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from pydantic import ConfigDict

READ_STRICTLY = ConfigDict(extra="forbid")


@dataclass(frozen=True, kw_only=True)
class NamespaceLevel:
    """The Pod Security level of a namespace, and why it is not `restricted`."""

    __pydantic_config__: ClassVar[ConfigDict] = READ_STRICTLY

    level: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class SecurityLimits:
    """Limits of one environment.

    `accounts` count as the environment's own: `account_id`, and a sandbox's where that stands in for it. `protected`
    environments must be hard to lose. `registries` are those of the account itself, `pod_registries` all from which
    pods may run images. `cluster_admins` are ARNs of those who may do everything in the cluster. `weaker_namespaces`
    are the namespaces that may be less than `restricted`.
    """

    __pydantic_config__: ClassVar[ConfigDict] = READ_STRICTLY

    environment: str
    account_id: str
    accounts: tuple[str, ...]
    allowed_regions: tuple[str, ...]
    protected: bool
    public_cluster_endpoint: bool
    audit_bucket: str
    registries: tuple[str, ...]
    pod_registries: tuple[str, ...]
    cluster_admins: tuple[str, ...]
    weaker_namespaces: Mapping[str, NamespaceLevel]
