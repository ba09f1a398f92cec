"""Rights in the cluster: what roles allow, and to whom they are bound."""

from collections.abc import Iterator

from quantos.policy.controls import cis_eks
from quantos.policy.security.limits import SecurityLimits
from quantos.policy.security.resource import Resource, ResourceRule
from quantos.policy.security.values import Values, each, text, texts, values

RBAC = "kubernetes:rbac.authorization.k8s.io/v1:"
TAKING = frozenset({"bind", "escalate", "impersonate"})
"""Verbs by which a holder takes rights that he was not given."""
INSIDE_PODS = frozenset({
    "nodes/proxy", "pods/attach", "pods/ephemeralcontainers", "pods/exec", "serviceaccounts/token",
})  # fmt: skip
"""Resources by which a holder acts as any pod."""
EVERYBODY = frozenset({
    "system:anonymous", "system:authenticated", "system:serviceaccounts", "system:unauthenticated",
})  # fmt: skip
DISCOVERY = frozenset({"system:basic-user", "system:discovery", "system:public-info-viewer"})
"""Roles that the cluster itself binds to everybody."""
OF_THE_CONTROL_PLANE = ("cluster-admin", "system:controller:", "system:kube-", "system:masters", "system:node")


def _objects(resource: Resource) -> tuple[Values, ...]:
    """The object, or those of a list of objects."""
    return each(resource.properties, "items") or (resource.properties,)


def _wide_role(resource: Resource, _: SecurityLimits) -> Iterator[str]:
    whole = ":ClusterRole" in resource.type
    for role in _objects(resource):
        for rule in each(role, "rules"):
            if said := _too_much(rule, whole=whole):
                yield f"{resource.name} allows {said}"
        for selector in each(role, "aggregationRule", "clusterRoleSelectors"):
            if not values(selector, "matchLabels") and not each(selector, "matchExpressions"):
                yield f"{resource.name} takes up the rights of every role"


def _too_much(rule: Values, *, whole: bool) -> str:
    """What a rule allows that no role may; `whole` where it is about every namespace."""
    verbs, resources = texts(rule, "verbs"), texts(rule, "resources")
    about = ", ".join((*resources, *texts(rule, "nonResourceURLs")))
    if "*" in verbs:
        return f"every verb on {about}"
    if any("*" in resource for resource in resources):
        return f"{', '.join(verbs)} on every kind of object"
    if taking := sorted(TAKING.intersection(verbs)):
        return f"{', '.join(taking)} on {about}, by which its holder takes any right"
    named = bool(texts(rule, "resourceNames"))
    if whole and (inside := sorted(INSIDE_PODS.intersection(resources))):
        return f"{', '.join(verbs)} on {', '.join(inside)} of every namespace"
    if whole and "secrets" in resources and not named:
        return f"{', '.join(verbs)} on secrets of every namespace"
    return ""


def _wide_binding(resource: Resource, _: SecurityLimits) -> Iterator[str]:
    for binding in _objects(resource):
        role = text(binding, "roleRef", "name")
        names = [text(subject, "name") for subject in each(binding, "subjects")]
        who = ", ".join(names) or "nobody"
        if role == "cluster-admin":
            yield f"{resource.name} makes {who} an administrator of the cluster"
        elif role.startswith(OF_THE_CONTROL_PLANE):
            yield f"{resource.name} gives {who} {role}, which is of the cluster's own programs"
        elif role not in DISCOVERY and (everybody := sorted(EVERYBODY.intersection(names))):
            yield f"{resource.name} gives {role} to everybody ({', '.join(everybody)})"


RIGHTS_RULES: tuple[ResourceRule, ...] = (
    ResourceRule(
        name="role-named-rights",
        description="Roles name the verbs and kinds that they allow, and give nobody what pods or others may do.",
        remedy="list verbs and resources; leave escalate, bind, impersonate, pods/exec and the cluster's secrets out",
        control=cis_eks("minimize wildcard use in Roles and ClusterRoles"),
        types=tuple(f"{RBAC}{kind}" for kind in ("Role", "RoleList", "ClusterRole", "ClusterRoleList")),
        complaints=_wide_role,
    ),
    ResourceRule(
        name="role-no-cluster-admin",
        description="Nobody is bound to a role of the cluster's own, and everybody to nothing but discovery.",
        remedy="bind a role with the rights that are needed to an account by name; people come by access entries",
        control=cis_eks("ensure that the cluster-admin role is only used where required"),
        types=tuple(
            f"{RBAC}{kind}"
            for kind in ("RoleBinding", "RoleBindingList", "ClusterRoleBinding", "ClusterRoleBindingList")
        ),
        complaints=_wide_binding,
    ),
)
