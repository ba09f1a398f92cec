"""A rule of admission, written once in CEL and enforced twice: by the API server itself, and by Gatekeeper."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

OBJECT: Final = "variables.anyObject"
PARAMETERS: Final = "variables.params"


@dataclass(frozen=True, kw_only=True)
class Resource:
    """What a rule is about: `plural` as the API's paths have it, `kind` as its documents do.

    `parts` are subresources by which the same object is changed.
    """

    group: str
    version: str
    plural: str
    kind: str
    parts: tuple[str, ...] = ()

    @property
    def paths(self) -> tuple[str, ...]:
        """The resource and its parts, as rules of admission name them."""
        return (self.plural, *(f"{self.plural}/{part}" for part in self.parts))


PODS: Final = Resource(group="", version="v1", plural="pods", kind="Pod", parts=("ephemeralcontainers",))
NAMESPACES: Final = Resource(group="", version="v1", plural="namespaces", kind="Namespace")
SERVICES: Final = Resource(group="", version="v1", plural="services", kind="Service")
INGRESSES: Final = Resource(group="networking.k8s.io", version="v1", plural="ingresses", kind="Ingress")
CLAIMS: Final = Resource(group="", version="v1", plural="persistentvolumeclaims", kind="PersistentVolumeClaim")
JOBS: Final = Resource(group="batch", version="v1", plural="jobs", kind="Job")
CRON_JOBS: Final = Resource(group="batch", version="v1", plural="cronjobs", kind="CronJob")
DEPLOYMENTS: Final = Resource(group="apps", version="v1", plural="deployments", kind="Deployment")
STATEFUL_SETS: Final = Resource(group="apps", version="v1", plural="statefulsets", kind="StatefulSet")
DAEMON_SETS: Final = Resource(group="apps", version="v1", plural="daemonsets", kind="DaemonSet")


@dataclass(frozen=True, kw_only=True)
class Validation:
    """`expression` is true of what is let in; `message` says what is wrong with what is not, and what to do."""

    expression: str
    message: str


@dataclass(frozen=True, kw_only=True)
class AdmissionRule:
    """A rule over some kinds of objects.

    Expressions see the object as `variables.anyObject` and the parameters as `variables.params`, as Gatekeeper names
    them. `variables` are computed in order, and each sees those before it. `parameters` is the schema of each one.
    """

    kind: str
    description: str
    resources: Sequence[Resource]
    validations: Sequence[Validation]
    variables: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, Mapping[str, object]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Of the template, as Gatekeeper wants it: the kind in lower case."""
        return self.kind.lower()


def policy_spec(rule: AdmissionRule, parameters: Mapping[str, object]) -> dict[str, object]:
    """Specification of a ValidatingAdmissionPolicy; a rule that cannot be evaluated refuses."""
    given = {"params": literal(parameters), "anyObject": "object"}
    return {
        "failurePolicy": "Fail",
        "matchConstraints": {
            "resourceRules": [
                {
                    "apiGroups": [resource.group],
                    "apiVersions": [resource.version],
                    "operations": ["CREATE", "UPDATE"],
                    "resources": list(resource.paths),
                }
                for resource in rule.resources
            ]
        },
        "variables": [
            {"name": name, "expression": expression} for name, expression in {**given, **rule.variables}.items()
        ],
        "validations": [
            {"expression": validation.expression, "message": validation.message, "reason": "Forbidden"}
            for validation in rule.validations
        ],
    }


def literal(parameters: Mapping[str, object]) -> str:
    """The parameters in CEL, whose maps hold values of one type unless they are said to be of any."""
    entries = (f"{json.dumps(name)}: dyn({json.dumps(value)})" for name, value in sorted(parameters.items()))
    return f"{{{', '.join(entries)}}}"


def template_spec(rule: AdmissionRule) -> dict[str, object]:
    """Specification of a ConstraintTemplate. Gatekeeper is to make no policy of it: ours are declared beside it."""
    source = {
        "generateVAP": False,
        "failurePolicy": "Fail",
        "variables": [{"name": name, "expression": expression} for name, expression in rule.variables.items()],
        "validations": [
            {"expression": validation.expression, "message": validation.message} for validation in rule.validations
        ],
    }
    return {
        "crd": {"spec": {"names": {"kind": rule.kind}, "validation": {"openAPIV3Schema": _parameters(rule)}}},
        "targets": [
            {
                "target": "admission.k8s.gatekeeper.sh",
                "code": [{"engine": "K8sNativeValidation", "source": source}],
            }
        ],
    }


_NAMES: Mapping[str, object] = {"type": "array", "items": {"type": "string"}}
_MATCH: Mapping[str, object] = {
    "type": "object",
    "properties": {
        "kinds": {
            "type": "array",
            "items": {"type": "object", "properties": {"apiGroups": _NAMES, "kinds": _NAMES}},
        },
        "namespaces": _NAMES,
        "excludedNamespaces": _NAMES,
    },
}


def constraint_kind_spec(rule: AdmissionRule) -> dict[str, object]:
    """Specification of the kind that Gatekeeper makes of a template, so that constraints need not wait for it.

    It shows what our constraints state; Gatekeeper takes it over and adds the rest, the status among it.
    """
    schema = {
        "type": "object",
        "properties": {
            "metadata": {"type": "object", "properties": {"name": {"type": "string", "maxLength": 63}}},
            "spec": {
                "type": "object",
                "properties": {
                    "enforcementAction": {"type": "string"},
                    "match": _MATCH,
                    "parameters": _parameters(rule),
                },
            },
        },
    }
    return {
        "group": "constraints.gatekeeper.sh",
        "scope": "Cluster",
        "names": {
            "kind": rule.kind,
            "listKind": f"{rule.kind}List",
            "plural": rule.name,
            "singular": rule.name,
            "categories": ["constraint", "constraints"],
        },
        "versions": [
            {
                "name": "v1beta1",
                "served": True,
                "storage": True,
                "schema": {"openAPIV3Schema": schema},
                "subresources": {"status": {}},
            }
        ],
    }


def _parameters(rule: AdmissionRule) -> dict[str, object]:
    return {"type": "object", "properties": {name: dict(schema) for name, schema in rule.parameters.items()}}
