"""The stand-in for `pulumi-resource-eks`: components made of the same AWS resources."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
import pulumi.provider

from sandbox.providers.eks.cluster import MODELLED, Cluster
from sandbox.providers.schema import SdkSchemas
from sandbox.providers.validation import Failure, failures
from sandbox.providers.values import UNKNOWN, Json

CLUSTER = "eks:index:Cluster"


def _plain(value: object) -> Json:
    """An input as the type check takes it: what is not known yet, or is a resource, stands as unknown."""
    if isinstance(value, (pulumi.Output, pulumi.Resource)):
        return UNKNOWN
    if isinstance(value, Mapping):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(part) for part in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if value is None or isinstance(value, str | int | float | bool) else UNKNOWN


class EksProvider(pulumi.provider.Provider):
    """Builds `eks:index:Cluster`; any other type, and any input that it does not model, is refused by name."""

    def __init__(self, schemas: SdkSchemas) -> None:
        super().__init__(schemas.version)
        self._schemas = schemas

    def construct(
        self,
        name: str,
        resource_type: str,
        inputs: Mapping[str, pulumi.Input[object]],
        options: pulumi.ResourceOptions | None = None,
    ) -> pulumi.provider.ConstructResult:
        """Hold the inputs against the SDK's types and build the component."""
        if resource_type != CLUSTER:
            raise ValueError(
                f"the EKS stand-in has no component {resource_type}; add it to sandbox/providers/eks/provider.py"
            )
        given = {key: value for key, value in inputs.items() if value is not None}
        found = self._failures(given)
        if found:
            reasons = "; ".join(f"{failure.path}: {failure.reason}" for failure in found)
            raise ValueError(f"{resource_type} {name}: {reasons}")
        component = Cluster(name, given, options)
        return pulumi.provider.ConstructResult(component.urn, component.outputs)

    def _failures(self, given: Mapping[str, object]) -> list[Failure]:
        plain = {key: _plain(value) for key, value in given.items()}
        found = list(failures(self._schemas, self._schemas.type(CLUSTER).inputs, value=plain))
        found += [
            Failure(key, "the EKS stand-in does not model it; see sandbox/providers/eks/cluster.py")
            for key in sorted(given)
            if key not in MODELLED
        ]
        if plain.get("skipDefaultNodeGroup") is not True:
            found.append(
                Failure("skipDefaultNodeGroup", "the EKS stand-in makes no default node group: set it to true")
            )
        return found
