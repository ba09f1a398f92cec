"""Every pod that a Kubernetes object would start, whatever its kind.

A mapping with a list of containers is taken for a pod's specification, wherever it stands and in kinds nobody has
heard of too. Kinds that spread a pod over other fields (Argo, Spark, Flink) are put together first.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from quantos.policy.security.values import Path, Values, at, dotted, each, elements, is_values, text, values

ARGO_KINDS = frozenset({"Workflow", "WorkflowTemplate", "ClusterWorkflowTemplate", "CronWorkflow"})
SPARK_KINDS = frozenset({"SparkApplication", "ScheduledSparkApplication"})
FLINK_CONTAINER = "flink-main-container"
CONTAINER_LISTS = ("initContainers", "containers", "ephemeralContainers")


@dataclass(frozen=True, kw_only=True)
class Pod:
    """A pod as an object describes it. `where` names the object and, in a nested one, the place.

    `annotations` are the template's own over the object's.
    """

    where: str
    namespace: str
    annotations: Values
    spec: Values

    @property
    def containers(self) -> tuple[Values, ...]:
        """Every container, those that run first included."""
        return tuple(container for key in CONTAINER_LISTS for container in each(self.spec, key))


def pods_in(manifest: Values) -> Iterator[Pod]:
    """The pods of an object; none of one that starts none."""
    for path, metadata, spec in _templates(manifest, ()):
        yield Pod(
            where=", ".join(part for part in (_subject(manifest), dotted(path)) if part),
            namespace=text(manifest, "metadata", "namespace"),
            annotations={**values(manifest, "metadata", "annotations"), **values(metadata, "annotations")},
            spec=spec,
        )


def _subject(manifest: Values) -> str:
    namespace, name = text(manifest, "metadata", "namespace"), text(manifest, "metadata", "name")
    return (
        f"{text(manifest, 'kind') or 'object'} {namespace}/{name}" if namespace else f"{text(manifest, 'kind')} {name}"
    )


def _templates(value: object, path: Path) -> Iterator[tuple[Path, Values, Values]]:
    """Place, metadata and specification of each pod below a value."""
    if not is_values(value):
        for index, element in enumerate(elements(value)):
            yield from _templates(element, (*path, index))
        return
    group, kind = text(value, "apiVersion").partition("/")[0], text(value, "kind")
    if group == "argoproj.io" and kind in ARGO_KINDS:
        yield from _argo(value, path)
    elif group == "sparkoperator.k8s.io" and kind in SPARK_KINDS:
        yield from _spark(value, path)
    elif group == "flink.apache.org" and kind == "FlinkDeployment":
        yield from _flink(value, path)
    elif each(value, "containers"):
        yield path, {}, value
    else:
        for key in value:
            if key == "spec" and each(value, key, "containers"):
                place = (*path, key) if path == () and kind != "Pod" else path
                yield place, values(value, "metadata"), values(value, key)
            else:
                yield from _templates(value[key], (*path, key))


def _argo(workflow: Values, path: Path) -> Iterator[tuple[Path, Values, Values]]:
    """A pod for each template that runs one; what the workflow says of pods holds where the template says nothing."""
    spec_path = ("spec", "workflowSpec") if text(workflow, "kind") == "CronWorkflow" else ("spec",)
    spec = values(workflow, *spec_path)
    inherited = {
        key: spec[key]
        for key in ("securityContext", "automountServiceAccountToken", "serviceAccountName", "volumes", "hostNetwork")
        if key in spec
    }
    for index, template in enumerate(each(spec, "templates")):
        containers = [values(template, key) for key in ("container", "script") if is_values(at(template, key))]
        containers += each(template, "containerSet", "containers")
        containers += each(template, "sidecars")
        if containers:
            own = {key: template[key] for key in template if key in inherited or key == "initContainers"}
            pod: Values = {**inherited, **own, "containers": containers}
            metadata = _merged(values(spec, "podMetadata"), values(template, "metadata"))
            yield (*path, *spec_path, "templates", index), metadata, pod


def _spark(application: Values, path: Path) -> Iterator[tuple[Path, Values, Values]]:
    """Driver and executor, each its pod template with the operator's own fields laid over it."""
    spec_path = ("spec", "template") if text(application, "kind") == "ScheduledSparkApplication" else ("spec",)
    spec = values(application, *spec_path)
    for name in ("driver", "executor"):
        role = values(spec, name)
        template = values(role, "template")
        base = values(template, "spec")
        first, *others = each(base, "containers") or ({},)
        container = {**first, "name": f"spark-{name}", **_present(image=at(role, "image") or at(spec, "image"))}
        container |= _present(securityContext=at(role, "securityContext"), resources=_spark_resources(role))
        pod = {**base, "containers": [container, *others]}
        pod |= _present(
            securityContext=at(role, "podSecurityContext"),
            serviceAccountName=at(role, "serviceAccount"),
            hostNetwork=at(role, "hostNetwork"),
            volumes=[*elements(spec, "volumes"), *elements(base, "volumes")] or None,
        )
        yield (*path, *spec_path, name), values(template, "metadata"), pod


def _spark_resources(role: Values) -> Values | None:
    """Spark asks for the cores and memory it is told of, and is held to the memory."""
    cores, memory = at(role, "coreRequest") or at(role, "cores"), at(role, "memory")
    if cores is None or memory is None:
        return None
    return {"requests": {"cpu": cores, "memory": memory}, "limits": {"memory": memory}}


def _flink(deployment: Values, path: Path) -> Iterator[tuple[Path, Values, Values]]:
    """Job and task manager: the shared template with the role's own over it."""
    spec = values(deployment, "spec")
    for name in ("jobManager", "taskManager"):
        template = _merged(values(spec, "podTemplate"), values(spec, name, "podTemplate"))
        pod = values(template, "spec")
        containers = list(each(pod, "containers"))
        main = next(
            (container for container in containers if text(container, "name") == FLINK_CONTAINER),
            {"name": FLINK_CONTAINER},
        )
        others = [container for container in containers if text(container, "name") != FLINK_CONTAINER]
        resource = values(spec, name, "resource")
        main = {**_present(image=at(spec, "image"), resources=_flink_resources(resource)), **main}
        pod = {**_present(serviceAccountName=at(spec, "serviceAccount")), **pod, "containers": [main, *others]}
        yield (*path, "spec", name), values(template, "metadata"), pod


def _flink_resources(resource: Values) -> Values | None:
    cpu, memory = at(resource, "cpu"), at(resource, "memory")
    if cpu is None or memory is None:
        return None
    return {"requests": {"cpu": cpu, "memory": memory}, "limits": {"cpu": cpu, "memory": memory}}


def _merged(base: Values, over: Values) -> Values:
    """Mappings merged at every depth, lists of named things by name; anything else is the second one's."""
    merged: dict[str, object] = dict(base)
    for key in over:
        old, new = at(base, key), over[key]
        if is_values(old) and is_values(new):
            merged[key] = _merged(old, new)
        elif _all_named(old) and _all_named(new):
            named = {text(item, "name"): item for item in each(old)}
            for item in each(new):
                named[text(item, "name")] = _merged(named.get(text(item, "name"), {}), item)
            merged[key] = list(named.values())
        else:
            merged[key] = new
    return merged


def _all_named(value: object) -> bool:
    return bool(elements(value)) and all(text(element, "name") for element in elements(value))


def _present(**fields: object) -> Mapping[str, object]:
    return {key: value for key, value in fields.items() if value is not None}
