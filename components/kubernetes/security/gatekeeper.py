"""Gatekeeper: rules of admission in every namespace, and an audit of what was there before them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

import pulumi
import pulumi_kubernetes as k8s

from components.kubernetes.base.charts import GATEKEEPER
from components.kubernetes.base.hardening import CONTAINER_SECURITY_CONTEXT, NOBODY, resources
from components.kubernetes.base.layout import zone_spread
from components.kubernetes.base.namespace import NAME_LABEL
from components.kubernetes.base.release import release
from components.kubernetes.security.admission_rule import AdmissionRule, constraint_kind_spec, template_spec

SYSTEM_NAMESPACES: Final = ("kube-system", "kube-public", "kube-node-lease")
Action = Literal["deny", "dryrun"]


@dataclass(frozen=True, kw_only=True)
class Constraint:
    """Where a rule holds, with which parameters.

    `namespaces` are those it holds in, all where empty; `excluded` those it does not; both may end in `*`.
    With `dryrun` nothing is refused: the audit lists what breaks the rule.
    """

    name: str
    rule: AdmissionRule
    parameters: Mapping[str, object] = field(default_factory=dict)
    namespaces: Sequence[str] = ()
    excluded: Sequence[str] = ()
    action: Action = "deny"


@dataclass(frozen=True, kw_only=True)
class GatekeeperArgs:
    """`constraints` of rules, each rule with a template of its own."""

    namespace: str
    replicas: int
    constraints: Sequence[Constraint]


class Gatekeeper(pulumi.ComponentResource):
    """The webhook, the audit, a template for each rule and the constraints.

    The webhook is asked about nothing but what a constraint would refuse, in namespaces alone: a cluster whose nodes,
    leases or definitions waited for a pod of their own could not start it. With one replica it lets in what it cannot
    be asked about; what must hold even then is a policy of the API server's own.

    Outputs: `ready`, known once every constraint is there.

    Guarded by the chart check and, in the cluster, by Pod Security `restricted`; templates and constraints, being plain
    objects, by the security pack and by the chart check against their schema.
    """

    ready: pulumi.Output[str]

    def __init__(self, name: str, args: GatekeeperArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("quantos:kubernetes/security:Gatekeeper", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        installed = release(name, GATEKEEPER, namespace=args.namespace, values=values(args), opts=child)
        after = pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=[installed]))
        rules = {constraint.rule.name: constraint.rule for constraint in args.constraints}
        templates = {rule: _template(rules[rule], opts=after) for rule in rules}
        placed = [
            k8s.apiextensions.CustomResource(
                f"constraint-{constraint.name}",
                api_version="constraints.gatekeeper.sh/v1beta1",
                kind=constraint.rule.kind,
                metadata={"name": constraint.name},
                spec=constraint_spec(constraint),
                opts=pulumi.ResourceOptions.merge(
                    child, pulumi.ResourceOptions(depends_on=templates[constraint.rule.name])
                ),
            )
            for constraint in args.constraints
        ]
        self.ready = pulumi.Output.all(installed.id, *[made.id for made in placed]).apply(lambda ids: str(ids[0]))
        self.register_outputs({"ready": self.ready})


def _template(rule: AdmissionRule, *, opts: pulumi.ResourceOptions) -> list[pulumi.Resource]:
    """A template and the kind of its constraints, which Gatekeeper takes over and completes."""
    kind = k8s.apiextensions.CustomResource(
        f"constraint-kind-{rule.name}",
        api_version="apiextensions.k8s.io/v1",
        kind="CustomResourceDefinition",
        metadata={"name": f"{rule.name}.constraints.gatekeeper.sh", "labels": {"gatekeeper.sh/constraint": "yes"}},
        spec=constraint_kind_spec(rule),
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(ignore_changes=["spec"])),
    )
    template = k8s.apiextensions.CustomResource(
        f"constraint-template-{rule.name}",
        api_version="templates.gatekeeper.sh/v1",
        kind="ConstraintTemplate",
        metadata={"name": rule.name, "annotations": {"description": rule.description}},
        spec=template_spec(rule),
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[kind])),
    )
    return [kind, template]


def constraint_spec(constraint: Constraint) -> dict[str, object]:
    """Specification of a constraint."""
    groups = sorted({resource.group for resource in constraint.rule.resources})
    kinds = [
        {
            "apiGroups": [group],
            "kinds": [resource.kind for resource in constraint.rule.resources if resource.group == group],
        }
        for group in groups
    ]
    match = {
        "kinds": kinds,
        "excludedNamespaces": [*SYSTEM_NAMESPACES, *constraint.excluded],
        **({"namespaces": list(constraint.namespaces)} if constraint.namespaces else {}),
    }
    parameters = {"parameters": dict(constraint.parameters)} if constraint.parameters else {}
    return {"enforcementAction": constraint.action, "match": match, **parameters}


def webhook_rules(constraints: Sequence[Constraint]) -> list[dict[str, object]]:
    """What the webhook is asked about: objects of namespaces that some constraint refuses."""
    refused = {resource for each in constraints if each.action == "deny" for resource in each.rule.resources}
    return [
        {
            "apiGroups": [group],
            "apiVersions": ["*"],
            "operations": ["CREATE", "UPDATE"],
            "resources": sorted(path for resource in refused if resource.group == group for path in resource.paths),
            "scope": "Namespaced",
        }
        for group in sorted({resource.group for resource in refused})
    ]


def values(args: GatekeeperArgs) -> dict[str, object]:
    """Values of the chart. Its namespace is labelled by the platform layer, and it changes no objects."""
    exempt = [*SYSTEM_NAMESPACES, args.namespace]
    context = _as_user(1000, group=999)
    memory = resources(cpu="100m", memory="512Mi", memory_limit="1Gi")
    return {
        "replicas": args.replicas,
        "auditInterval": 300,
        "constraintViolationsLimit": 100,
        "logDenies": True,
        "disableMutation": True,
        "enableExternalData": False,
        "enableK8sNativeValidation": True,
        **_webhook(args, exempt=exempt),
        "enableRuntimeDefaultSeccompProfile": True,
        "controllerManager": {
            "exemptNamespaces": exempt,
            "priorityClassName": "system-cluster-critical",
            "topologySpreadConstraints": zone_spread({"control-plane": "controller-manager"}),
            "resources": memory,
            "securityContext": context,
        },
        "audit": {
            "priorityClassName": "system-cluster-critical",
            "resources": memory,
            "securityContext": context,
        },
        "crds": {
            "resources": resources(cpu="50m", memory="128Mi"),
            "securityContext": _as_user(NOBODY, group=NOBODY),
        },
        "postInstall": {"labelNamespace": {"enabled": False}, "probeWebhook": {"enabled": False}},
        "upgradeCRDs": {"enabled": True},
        "pdb": {"controllerManager": {"minAvailable": 1 if args.replicas > 1 else 0}},
    }


def _webhook(args: GatekeeperArgs, *, exempt: Sequence[str]) -> dict[str, object]:
    rules = webhook_rules(args.constraints)
    return {
        # Without rules of its own the chart's webhook is asked about everything.
        "disableValidatingWebhook": not rules,
        "validatingWebhookCustomRules": rules,
        "validatingWebhookExemptNamespacesLabels": {NAME_LABEL: list(exempt)},
        "validatingWebhookFailurePolicy": "Fail" if args.replicas > 1 else "Ignore",
        # No namespace waits for it: who may set that label is a policy of the API server's own.
        "validatingWebhookCheckIgnoreFailurePolicy": "Ignore",
        "validatingWebhookTimeoutSeconds": 5,
    }


def _as_user(user: int, *, group: int) -> dict[str, object]:
    """A container's security context; the chart writes the seccomp profile itself, and twice would be an error."""
    bare = {key: value for key, value in CONTAINER_SECURITY_CONTEXT.items() if key != "seccompProfile"}
    return {**bare, "runAsGroup": group, "runAsUser": user}
