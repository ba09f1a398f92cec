"""What the security rules hold an environment to, from its file."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from pydantic import ConfigDict

from quantos.environment.namespaces import namespaces
from quantos.environment.settings import EnvironmentSettings

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

    `protected` environments must be hard to lose. `registries` are those of the account itself, `pod_registries` all
    from which pods may run images. `weaker_namespaces` are the namespaces that may be less than `restricted`.
    """

    __pydantic_config__: ClassVar[ConfigDict] = READ_STRICTLY

    environment: str
    account_id: str
    allowed_regions: tuple[str, ...]
    protected: bool
    public_cluster_endpoint: bool
    audit_bucket: str
    registries: tuple[str, ...]
    pod_registries: tuple[str, ...]
    weaker_namespaces: Mapping[str, NamespaceLevel]


def security_limits(settings: EnvironmentSettings) -> SecurityLimits:
    """The limits an environment file states."""
    own = tuple(f"{settings.account_id}.dkr.ecr.{region}.amazonaws.com" for region in settings.allowed_regions)
    known = namespaces(tuple(settings.platform.teams))
    return SecurityLimits(
        environment=settings.name,
        account_id=settings.account_id,
        allowed_regions=settings.allowed_regions,
        protected=settings.deletion_protection,
        public_cluster_endpoint=settings.cluster.public_endpoint,
        audit_bucket=settings.names().bucket("audit"),
        registries=own,
        pod_registries=(*own, *settings.security.registries),
        weaker_namespaces={
            name: NamespaceLevel(level=spec.level, reason=spec.reason)
            for name, spec in known.items()
            if spec.level != "restricted"
        },
    )
