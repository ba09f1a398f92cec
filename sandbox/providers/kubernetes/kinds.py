"""Which Kubernetes kind a resource type stands for, and what the installed SDK says of it."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.providers.schema import Fields, SdkSchemas, UnknownTypeError
from sandbox.providers.values import Document, Json

_METADATA = "|".join(("meta/v1", "_inputs", "ObjectMetaArgs"))
RELEASE = "kubernetes:helm.sh/v3:Release"
CLUSTER_SCOPED = frozenset(
    {
        "APIService",
        "CSIDriver",
        "CSINode",
        "CertificateSigningRequest",
        "ClusterRole",
        "ClusterRoleBinding",
        "ClusterTrustBundle",
        "CustomResourceDefinition",
        "DeviceClass",
        "FlowSchema",
        "IPAddress",
        "IngressClass",
        "MutatingAdmissionPolicy",
        "MutatingAdmissionPolicyBinding",
        "MutatingWebhookConfiguration",
        "Namespace",
        "Node",
        "PersistentVolume",
        "PodSecurityPolicy",
        "PriorityClass",
        "PriorityLevelConfiguration",
        "ResourceSlice",
        "RuntimeClass",
        "ServiceCIDR",
        "StorageClass",
        "StorageVersion",
        "StorageVersionMigration",
        "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding",
        "ValidatingWebhookConfiguration",
        "VolumeAttachment",
        "VolumeAttributesClass",
    }
)
"""Kinds of the SDK without a namespace, for when no cluster can be asked."""


@dataclass(frozen=True)
class KindOfObject:
    """What a type token says: `patch` is a `...Patch` type of the SDK, `custom` a kind which the SDK does not know."""

    token: str
    api_version: str
    kind: str
    patch: bool = False
    custom: bool = False

    @property
    def group(self) -> str:
        """API group; empty for the core group."""
        return self.api_version.rpartition("/")[0]

    @property
    def release(self) -> bool:
        """Whether it is a Helm release, which is no object of a cluster."""
        return self.token == RELEASE


class KubernetesSchemas(SdkSchemas):
    """Types of `pulumi_kubernetes`, whose modules are named by the first label of the API group."""

    def __init__(self) -> None:
        super().__init__("pulumi_kubernetes")

    def kind_of(self, token: str) -> KindOfObject:
        """The kind behind a token such as `kubernetes:apps/v1:Deployment`.

        Raises:
            UnknownTypeError: lists, and tokens without group and version.
        """
        module, _, kind = token.partition(":")[2].rpartition(":")
        group, _, version = module.partition("/")
        if not (group and version and kind):
            raise UnknownTypeError(f"{token} has no group, version and kind", remedy="check the type's name")
        api_version = version if group == "core" else f"{group}/{version}"
        if not self._declares(token):
            return KindOfObject(token, api_version, kind, custom=True)
        if kind.endswith("List"):
            raise UnknownTypeError(f"{token} is a list, no object", remedy="declare its items one by one")
        patch = kind.endswith("Patch")
        return KindOfObject(token, api_version, kind.removesuffix("Patch") if patch else kind, patch=patch)

    def inputs(self, kind: KindOfObject) -> Fields:
        """What an object of this kind may hold, by wire name; of a custom kind only `metadata` is known."""
        return self.type(kind.token).inputs

    @property
    def metadata(self) -> Fields:
        """Fields of an object's metadata."""
        return self.fields(_METADATA)

    def _relative(self, token: str) -> tuple[str, str]:
        group, _, version = token.partition(":")[2].rpartition(":")[0].partition("/")
        class_name = token.rpartition(":")[2]
        return f"{group.partition('.')[0]}/{version}/{class_name}.py", class_name

    def _declares(self, token: str) -> bool:
        relative, _ = self._relative(token)
        return (self.root / relative).is_file() and f'type_token("{token}")' in self._source(relative)

    def _module(self, token: str) -> tuple[str, str]:
        if not self._declares(token):
            raise UnknownTypeError(
                f"{token} is no kind of the installed SDK {self.root.name} {self.version}",
                remedy="check the group, version and kind, or declare it as apiextensions.CustomResource",
            )
        return self._relative(token)


def namespaced_by_name(kind: KindOfObject) -> bool | None:
    """Whether a kind has a namespace as far as can be told without a cluster; None for custom kinds."""
    return None if kind.custom else kind.kind not in CLUSTER_SCOPED


def named(document: Document, key: str) -> Json:
    """A member of the metadata; None where there is none."""
    metadata = document.get("metadata")
    return metadata.get(key) if isinstance(metadata, dict) else None
