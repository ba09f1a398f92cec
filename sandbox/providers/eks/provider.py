"""The stand-in for `pulumi-resource-eks`: components made of the same AWS resources."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi.provider

from sandbox.providers.eks.addons import Addon, VpcCniAddon
from sandbox.providers.eks.cluster import Cluster
from sandbox.providers.eks.component import EksComponent
from sandbox.providers.eks.kubeconfig import kubeconfig
from sandbox.providers.eks.node_group import ManagedNodeGroup
from sandbox.providers.eks.references import eks_cluster_of
from sandbox.providers.eks.security_groups import NodeGroupSecurityGroup
from sandbox.providers.schema import SdkSchemas
from sandbox.providers.validation import Failure, failures
from sandbox.providers.values import UNKNOWN, Json

COMPONENTS: Mapping[str, type[EksComponent]] = {
    component.TOKEN: component for component in (Cluster, ManagedNodeGroup, NodeGroupSecurityGroup, Addon, VpcCniAddon)
}
GET_KUBECONFIG = "eks:index:Cluster/getKubeconfig"


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
    """Builds the components above; any other type, and any input that is not modelled, is refused by name."""

    def __init__(self, schemas: SdkSchemas) -> None:
        super().__init__(schemas.version)
        self._schemas = schemas

    def construct(  # noqa: PLR0917  the SDK's own signature
        self,
        name: str,
        resource_type: str,
        inputs: Mapping[str, pulumi.Input[object]],
        options: pulumi.ResourceOptions | None = None,
    ) -> pulumi.provider.ConstructResult:
        """Hold the inputs against the SDK's types and build the component."""
        component = COMPONENTS.get(resource_type)
        if component is None:
            raise ValueError(
                f"the EKS stand-in has no component {resource_type}; add a class for it to COMPONENTS in"
                " sandbox/providers/eks/provider.py"
            )
        given = {key: value for key, value in inputs.items() if value is not None}
        refusals = self._failures(component, given)
        if refusals:
            reasons = "; ".join(f"{failure.path}: {failure.reason}" for failure in refusals)
            raise ValueError(f"{resource_type} {name}: {reasons}")
        made = component(name, given, options)
        return pulumi.provider.ConstructResult(made.urn, made.outputs)

    def _failures(self, component: type[EksComponent], given: Mapping[str, object]) -> list[Failure]:
        plain = {key: _plain(value) for key, value in given.items()}
        refusals = list(failures(self._schemas, self._schemas.type(component.TOKEN).inputs, value=plain))
        refusals += [
            Failure(key, "the EKS stand-in does not model it; see MODELLED of its class under sandbox/providers/eks")
            for key in sorted(given)
            if key not in component.MODELLED
        ]
        if component is Cluster and plain.get("skipDefaultNodeGroup") is not True:
            refusals.append(
                Failure("skipDefaultNodeGroup", "the EKS stand-in makes no default node group: set it to true")
            )
        return refusals

    def call(self, token: str, args: Mapping[str, Any]) -> pulumi.provider.CallResult:
        """`Cluster.get_kubeconfig`: a kubeconfig of a role or profile of its own, as JSON."""
        if token != GET_KUBECONFIG:
            raise ValueError(f"the EKS stand-in has no method {token}; add it to sandbox/providers/eks/provider.py")
        cluster = eks_cluster_of(args["__self__"])
        parts = pulumi.Output.all(
            name=cluster.name,
            endpoint=cluster.endpoint,
            certificate=cluster.certificate_authority.data,
            region=cluster.region,
            role_arn=args.get("roleArn") or "",
            profile=args.get("profileName") or "",
        )
        content = parts.apply(lambda made: kubeconfig(made.pop("name"), **made))
        return pulumi.provider.CallResult(outputs={"result": pulumi.Output.json_dumps(content)})
