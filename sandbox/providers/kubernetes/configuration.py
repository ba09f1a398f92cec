"""Settings of the Kubernetes provider: which cluster, which namespace, and what the stand-in refuses."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from sandbox.errors import SandboxError
from sandbox.providers.validation import Failure
from sandbox.providers.values import Document, Json, holds_unknown, items, mapping, text

STAND_IN_VARIABLE = "QUANTOS_KUBECONFIG"
"""Names a kubeconfig whose cluster stands behind every EKS cluster of the sandbox."""

_REFUSED: Mapping[str, str] = {
    "alwaysRender": "the stand-in renders nothing but to its own folder",
    "cluster": "name a context of the kubeconfig instead",
    "deleteUnreachable": "an unreachable cluster is always an error here",
    "helmReleaseSettings": "the stand-in fetches no charts",
    "kubeClientSettings": "the stand-in does not limit its client",
    "renderYamlToDirectory": "leave out kubeconfig: manifests then go to the sandbox's manifests folder",
    "skipUpdateUnreachable": "an unreachable cluster is always an error here",
}
_HONOURED = frozenset(
    {
        "clusterIdentifier",
        "context",
        "enableConfigMapMutable",
        "enablePatchForce",
        "enableSecretMutable",
        "enableServerSideApply",
        "kubeconfig",
        "namespace",
        "suppressDeprecationWarnings",
        "suppressHelmHookWarnings",
        "upsertExistingObjects",
        "version",
    }
)
_TRUE = frozenset({"1", "t", "T", "true", "TRUE", "True"})


@dataclass(frozen=True, kw_only=True)
class Kubeconfig:
    """A kubeconfig's content; `folder` is where its relative paths start."""

    content: Document
    folder: Path
    context: str = ""

    @property
    def chosen(self) -> Document:
        """The context in use, with `cluster`, `user` and maybe `namespace`."""
        name = self.context or text(self.content.get("current-context"))
        for entry in items(self.content.get("contexts")):
            if mapping(entry).get("name") == name:
                return mapping(mapping(entry).get("context"))
        raise SandboxError(
            f"the kubeconfig has no context {name or 'in use'}", remedy="set context, or current-context"
        )

    @property
    def server(self) -> str:
        """URL of the API server of the context in use."""
        name = self.chosen.get("cluster")
        for entry in items(self.content.get("clusters")):
            if mapping(entry).get("name") == name:
                return text(mapping(mapping(entry).get("cluster")).get("server")).rstrip("/")
        raise SandboxError(f"the kubeconfig has no cluster {name}", remedy="correct the kubeconfig")


@dataclass(frozen=True, kw_only=True)
class ProviderSettings:
    """What a provider was configured with; `kubeconfig` is None where manifests go to disk."""

    kubeconfig: Kubeconfig | None
    namespace: str
    force_conflicts: bool
    upsert: bool
    mutable: frozenset[str]


def provider_failures(news: Document, *, environment: Mapping[str, str]) -> Iterator[Failure]:
    """Settings that the stand-in does not honour, a kubeconfig that cannot be read, and apply switched off.

    The SDK fills in KUBECONFIG where a program names no kubeconfig; a sandbox must not reach that cluster by accident.
    """
    ambient = environment.get("KUBECONFIG")
    if ambient and news.get("kubeconfig") == ambient != environment.get(STAND_IN_VARIABLE):
        reason = f"a sandbox does not take the cluster of KUBECONFIG: unset it, or name its file in {STAND_IN_VARIABLE}"
        yield Failure("kubeconfig", reason)
    for name, value in news.items():
        if name in _REFUSED and value not in (None, "", False, "false"):
            yield Failure(name, f"the Kubernetes stand-in does not honour {name}: {_REFUSED[name]}")
        elif name not in _HONOURED and name not in _REFUSED and not name.startswith("__"):
            yield Failure(name, f"{name} is not a setting of the Kubernetes provider")
    if news.get("enableServerSideApply") is not None and not _flag(news, "enableServerSideApply"):
        yield Failure("enableServerSideApply", "the Kubernetes stand-in only applies on the server")
    if holds_unknown(news):
        return
    try:
        if kubeconfig := read_kubeconfig(news):
            _ = kubeconfig.server
    except SandboxError as error:
        yield Failure("kubeconfig", f"{error.what}; {error.remedy}")


def provider_settings(config: Document, *, environment: Mapping[str, str]) -> ProviderSettings:
    """Settings of a configured provider, the provider's own environment variables included.

    Raises:
        SandboxError: the kubeconfig cannot be read.
    """
    kubeconfig = read_kubeconfig(config)
    own = text(kubeconfig.chosen.get("namespace")) if kubeconfig else ""
    variables = {"enableConfigMapMutable": "CONFIGMAP_MUTABLE", "enableSecretMutable": "SECRET_MUTABLE"}
    flags = {
        name: _flag(config, name, environment.get(f"PULUMI_K8S_ENABLE_{part}")) for name, part in variables.items()
    }
    kinds = {"enableConfigMapMutable": "ConfigMap", "enableSecretMutable": "Secret"}
    return ProviderSettings(
        kubeconfig=kubeconfig,
        namespace=text(config.get("namespace")) or own or "default",
        force_conflicts=_flag(config, "enablePatchForce", environment.get("PULUMI_K8S_ENABLE_PATCH_FORCE")),
        upsert=_flag(config, "upsertExistingObjects", environment.get("PULUMI_K8S_UPSERT_EXISTING_OBJECTS")),
        mutable=frozenset(kind for name, kind in kinds.items() if flags[name]),
    )


def replacing_settings(old: Document, new: Document) -> list[str]:
    """Settings whose change means another cluster: the identifier where there is one, else the server's URL."""
    if holds_unknown(new):
        return []
    if old.get("clusterIdentifier") or new.get("clusterIdentifier"):
        same = old.get("clusterIdentifier") == new.get("clusterIdentifier")
        return [] if same else ["clusterIdentifier"]
    try:
        before, after = read_kubeconfig(old), read_kubeconfig(new)
        moved = (before.server if before else "") != (after.server if after else "")
    except SandboxError:
        moved = True
    return ["kubeconfig"] if moved else []


def read_kubeconfig(config: Document) -> Kubeconfig | None:
    """The kubeconfig of a provider's settings, from its contents or from the file it names; None where none is given.

    Raises:
        SandboxError: it is neither a file nor YAML with clusters and contexts.
    """
    given = config.get("kubeconfig")
    if not given:
        return None
    context = text(config.get("context"))
    if isinstance(given, dict):
        return Kubeconfig(content=given, folder=Path.cwd(), context=context)
    source = text(given)
    if "\n" not in source and not source.lstrip().startswith("{"):
        return kubeconfig_file(Path(source).expanduser(), context=context)
    return Kubeconfig(content=_parsed(source, "kubeconfig"), folder=Path.cwd(), context=context)


def kubeconfig_file(path: Path, *, context: str = "") -> Kubeconfig:
    """The kubeconfig in a file. Raises SandboxError where it cannot be read."""
    try:
        source = path.read_text(encoding="utf-8")
    except OSError as error:
        raise SandboxError(
            f"the kubeconfig {path} cannot be read: {error}", remedy="give a file or contents"
        ) from error
    return Kubeconfig(content=_parsed(source, str(path)), folder=path.absolute().parent, context=context)


def stand_in_kubeconfig(environment: Mapping[str, str] = os.environ) -> Kubeconfig | None:
    """The cluster which stands behind the sandbox's EKS clusters, where one is named."""
    path = environment.get(STAND_IN_VARIABLE, "")
    return kubeconfig_file(Path(path)) if path else None


def _parsed(source: str, name: str) -> Document:
    try:
        content = json.loads(source) if source.lstrip().startswith("{") else yaml.safe_load(source)
    except (ValueError, yaml.YAMLError) as error:
        raise SandboxError(f"{name} is no YAML: {error}", remedy="give a kubeconfig's path or contents") from error
    if not isinstance(content, dict):
        raise SandboxError(f"{name} is no kubeconfig", remedy="give a kubeconfig's path or contents")
    return content


def _flag(config: Document, name: str, variable: Json = None) -> bool:
    value = config.get(name)
    value = variable if value is None else value
    return value is True or text(value) in _TRUE
