"""What Pod Security does not cover: whose images run, who owns what, and what nobody may open or be given."""

from typing import Final

from components.kubernetes.security.admission_rule import (
    CLAIMS,
    CRON_JOBS,
    DAEMON_SETS,
    DEPLOYMENTS,
    INGRESSES,
    JOBS,
    NAMESPACES,
    OBJECT,
    PARAMETERS,
    PODS,
    SERVICES,
    STATEFUL_SETS,
    AdmissionRule,
    Validation,
)

_STRINGS: Final = {"type": "array", "items": {"type": "string"}}
_CONTAINERS: Final = (
    f"{OBJECT}.spec.containers + (has({OBJECT}.spec.initContainers) ? {OBJECT}.spec.initContainers : [])"
)
_EPHEMERAL: Final = f" + (has({OBJECT}.spec.ephemeralContainers) ? {OBJECT}.spec.ephemeralContainers : [])"
_FULL_NAME: Final = (
    "!image.contains('/') ? 'docker.io/library/' + image"
    " : image.split('/')[0].matches('[.:]') ? image : 'docker.io/' + image"
)
"""An image's name with its registry, which the container runtime takes to be Docker's where none is named."""

IMAGES: Final = AdmissionRule(
    kind="QuantosImages",
    description="images come from sources that are allowed, by digest where that is asked for",
    resources=(PODS,),
    parameters={"sources": _STRINGS, "digest": {"type": "boolean"}, "tagged": _STRINGS},
    variables={
        "written": f"({_CONTAINERS}{_EPHEMERAL}).map(container, container.image)",
        "images": f"variables.written.map(image, {_FULL_NAME})",
    },
    validations=(
        Validation(
            expression=(
                f"variables.images.all(image, {PARAMETERS}.sources.exists(source, image.startsWith(source))"
                f" || image in {PARAMETERS}.tagged)"
            ),
            message="an image is of no allowed source: push it to the environment's registry and name it there",
        ),
        Validation(
            expression=(
                f"!{PARAMETERS}.digest || variables.images.all(image, "
                f"image.matches('@sha256:[0-9a-f]{{64}}$') || image in {PARAMETERS}.tagged)"
            ),
            message="an image is not named by digest: write it as repository@sha256:..., which nobody can move",
        ),
    ),
)

PASSED_OVER: Final = "admission.gatekeeper.sh/ignore"

NAMESPACE_LABELS: Final = AdmissionRule(
    kind="QuantosNamespaceLabels",
    description="namespaces say whose they are and who pays, and ask for no exception",
    resources=(NAMESPACES,),
    parameters={"labels": _STRINGS},
    validations=(
        Validation(
            expression=(
                f"{PARAMETERS}.labels.all(label, has({OBJECT}.metadata.labels)"
                f" && label in {OBJECT}.metadata.labels && {OBJECT}.metadata.labels[label] != '')"
            ),
            message="the namespace lacks an owner or a cost centre: label it, or declare it in the platform layer",
        ),
        Validation(
            expression=f"!has({OBJECT}.metadata.labels) || !('{PASSED_OVER}' in {OBJECT}.metadata.labels)",
            message="the namespace asks Gatekeeper to pass it over: remove that label",
        ),
    ),
)

DEFAULT_NAMESPACE: Final = AdmissionRule(
    kind="QuantosDefaultNamespace",
    description="nothing runs in the default namespace, where no limits hold",
    resources=(PODS, SERVICES, CLAIMS, JOBS, CRON_JOBS, DEPLOYMENTS, STATEFUL_SETS, DAEMON_SETS),
    validations=(
        Validation(
            expression=(
                f"!has({OBJECT}.metadata.namespace) || {OBJECT}.metadata.namespace != 'default'"
                f" || ({OBJECT}.kind == 'Service' && {OBJECT}.metadata.name == 'kubernetes')"
            ),
            message="nothing runs in the default namespace: use one that the platform layer declares",
        ),
    ),
)

TOKENS: Final = AdmissionRule(
    kind="QuantosTokens",
    description="pods that need nothing of the API carry no token for it",
    resources=(PODS,),
    parameters={"accounts": _STRINGS},
    variables={
        "account": f"has({OBJECT}.spec.serviceAccountName) ? {OBJECT}.spec.serviceAccountName : 'default'",
        "volumes": f"has({OBJECT}.spec.volumes) ? {OBJECT}.spec.volumes : []",
    },
    validations=(
        Validation(
            # By then the API server has mounted what is mounted unasked, under this name.
            expression=(
                f"!(variables.account in {PARAMETERS}.accounts)"
                " || variables.volumes.all(volume, !volume.name.startsWith('kube-api-access-'))"
            ),
            message=(
                "a pod without a service account of its own carries a token:"
                " set automountServiceAccountToken to false, or name the account it needs"
            ),
        ),
    ),
)

CONTAINERS: Final = AdmissionRule(
    kind="QuantosContainers",
    description="containers do not write to their root and say how much memory they take",
    resources=(PODS,),
    variables={"containers": _CONTAINERS},
    validations=(
        Validation(
            expression=(
                "variables.containers.all(container, has(container.securityContext)"
                " && has(container.securityContext.readOnlyRootFilesystem)"
                " && container.securityContext.readOnlyRootFilesystem)"
            ),
            message="a container may write to its root: set readOnlyRootFilesystem, and mount what it writes to",
        ),
        Validation(
            expression=(
                "variables.containers.all(container, has(container.resources)"
                " && has(container.resources.limits) && 'memory' in container.resources.limits)"
            ),
            message="a container has no limit of memory: set resources.limits.memory",
        ),
    ),
)

EXPOSURE: Final = AdmissionRule(
    kind="QuantosExposure",
    description="services are reached inside the VPC, through load balancers of the cluster's controller",
    resources=(SERVICES, INGRESSES),
    parameters={"loadBalancerClass": {"type": "string"}},
    variables={
        "annotations": f"has({OBJECT}.metadata.annotations) ? {OBJECT}.metadata.annotations : {{}}",
        "type": (f"{OBJECT}.kind == 'Service' && has({OBJECT}.spec.type) ? {OBJECT}.spec.type : 'ClusterIP'"),
        "balancer": (
            f"{OBJECT}.kind == 'Service' && has({OBJECT}.spec.loadBalancerClass) ? {OBJECT}.spec.loadBalancerClass : ''"
        ),
        "addresses": f"{OBJECT}.kind == 'Service' && has({OBJECT}.spec.externalIPs) ? {OBJECT}.spec.externalIPs : []",
    },
    validations=(
        Validation(
            expression=(
                "['alb.ingress.kubernetes.io/scheme', 'service.beta.kubernetes.io/aws-load-balancer-scheme'].all(key,"
                " !(key in variables.annotations) || variables.annotations[key] == 'internal')"
            ),
            message="a load balancer faces the internet: leave its scheme out, or set it to internal",
        ),
        Validation(
            expression="variables.type != 'NodePort'",
            message="a service opens a port on every node: use type ClusterIP and an Ingress",
        ),
        Validation(
            expression="variables.addresses.size() == 0",
            message="a service takes addresses that are not the cluster's, and what is sent there: remove externalIPs",
        ),
        Validation(
            expression=f"variables.type != 'LoadBalancer' || variables.balancer == {PARAMETERS}.loadBalancerClass",
            message="a service asks for a load balancer of no controller of ours: set loadBalancerClass",
        ),
    ),
)

RULES: Final = (IMAGES, NAMESPACE_LABELS, DEFAULT_NAMESPACE, TOKENS, CONTAINERS, EXPOSURE)
