"""A rule of admission that the API server itself enforces in some namespaces, whatever else is up or down."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s

from components.kubernetes.security.admission_rule import AdmissionRule, policy_spec

API_VERSION = "admissionregistration.k8s.io/v1"
NAME_LABEL = "kubernetes.io/metadata.name"


@dataclass(frozen=True, kw_only=True)
class AdmissionPolicyArgs:
    """`parameters` of the rule, which holds in `namespaces`, or where none is named in all but `excluded`.

    A namespace itself is in none but itself.
    """

    policy_name: str
    rule: AdmissionRule
    parameters: Mapping[str, object]
    labels: Mapping[str, str]
    namespaces: Sequence[str] = ()
    excluded: Sequence[str] = ()


class AdmissionPolicy(pulumi.ComponentResource):
    """A ValidatingAdmissionPolicy that refuses, and its binding.

    Outputs: `policy_name`, known once it is bound.

    Guarded by the security pack, since its objects are plain.
    """

    policy_name: pulumi.Output[str]

    def __init__(self, name: str, args: AdmissionPolicyArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("quantos:kubernetes/security:AdmissionPolicy", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        metadata = {"name": args.policy_name, "labels": dict(args.labels)}
        policy = k8s.apiextensions.CustomResource(
            name,
            api_version=API_VERSION,
            kind="ValidatingAdmissionPolicy",
            metadata={**metadata, "annotations": {"quantos.io/description": args.rule.description}},
            spec=policy_spec(args.rule, args.parameters),
            opts=child,
        )
        bound = k8s.apiextensions.CustomResource(
            f"{name}-binding",
            api_version=API_VERSION,
            kind="ValidatingAdmissionPolicyBinding",
            metadata=metadata,
            spec=binding_spec(args),
            opts=pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=[policy])),
        )
        self.policy_name = bound.id.apply(lambda _: args.policy_name)
        self.register_outputs({"policyName": self.policy_name})


def binding_spec(args: AdmissionPolicyArgs) -> dict[str, object]:
    """Specification of the binding."""
    operator, names = ("In", args.namespaces) if args.namespaces else ("NotIn", args.excluded)
    chosen = {"key": NAME_LABEL, "operator": operator, "values": list(names)}
    return {
        "policyName": args.policy_name,
        "validationActions": ["Deny", "Audit"],
        "matchResources": {"namespaceSelector": {"matchExpressions": [chosen]}},
    }
