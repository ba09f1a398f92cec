"""Helm releases where no cluster is given: kept as documents beside the manifests; no chart is fetched or rendered."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from sandbox.errors import SandboxError
from sandbox.providers.kubernetes import manifest as form
from sandbox.providers.kubernetes.check import Naming
from sandbox.providers.kubernetes.grammar import release_failures
from sandbox.providers.kubernetes.kinds import KindOfObject, KubernetesSchemas
from sandbox.providers.kubernetes.manifest_folder import ManifestFolder
from sandbox.providers.kubernetes.objects import Objects, ObjectState, Wanted
from sandbox.providers.validation import Failure, failures
from sandbox.providers.values import UNKNOWN, Document, Json, mapping, text, without_nothing

DEFAULT_TIMEOUT_SECONDS: Final = 300
OUTPUTS: Final = ("status", "resourceNames")
_REFUSED = {
    "createNamespace": "declare the namespace, with its Pod Security level",
    "dependencyUpdate": "no chart is fetched",
    "devel": "a pinned version takes no other",
    "keyring": "no chart is fetched, so nothing is verified",
    "manifest": "it is an output",
    "postrender": "no chart is rendered",
    "resourceNames": "it is an output",
    "reuseValues": "what is installed must follow from the program alone",
    "valueYamlFiles": "give them as values, which the chart check reads",
    "verify": "no chart is fetched, so nothing is verified",
}


def release_identity(release: Document) -> str:
    """`namespace/name`, from a release's inputs or state: its id."""
    return f"{text(release.get('namespace'))}/{text(release.get('name'))}"


def checked_release(
    schemas: KubernetesSchemas, kind: KindOfObject, *, news: Document, olds: Document, naming: Naming
) -> tuple[Document, list[Failure]]:
    """The inputs as they will be installed, and every way in which they break their type or are not honoured.

    Stricter than the real provider: a release without a pinned version, repository or namespace is refused.
    """
    given = without_nothing(news)
    refusals = [*failures(schemas, schemas.inputs(kind), value=given), *_unpinned(given), *_not_honoured(given)]
    refusals += release_failures(given)
    if not given.get("name"):
        made = f"{naming.resource_name}-{hashlib.sha256(naming.seed).hexdigest()[:8]}"
        given["name"] = text(olds.get("name")) or made
    if given.get("skipAwait") is not True:
        given.setdefault("timeout", DEFAULT_TIMEOUT_SECONDS)
    return given, refusals


def _unpinned(given: Document) -> Iterator[Failure]:
    if not given.get("version"):
        yield Failure("version", "a release pins its chart's version: the newest one would differ from day to day")
    if not given.get("namespace"):
        yield Failure("namespace", "a release names its namespace: the provider's default holds nothing of ours")
    repository = mapping(given.get("repositoryOpts")).get("repo")
    if not repository and not text(given.get("chart")).startswith("oci://"):
        yield Failure("repositoryOpts.repo", "a release names its chart's repository, or an oci:// address as chart")


def _not_honoured(given: Document) -> Iterator[Failure]:
    for name in sorted(_REFUSED.keys() & given.keys()):
        if given[name] not in (False, "", [], {}):
            yield Failure(name, f"the Kubernetes stand-in does not honour {name}: {_REFUSED[name]}")


@dataclass(frozen=True)
class Releases:
    """Releases in a place of objects, as `<namespace>/release-<name>.json`.

    States have the outputs of the real provider; what only the chart tells (`resourceNames`, `status.appVersion`) is
    empty. Every method raises SandboxError where the place is a cluster.
    """

    place: Objects

    @property
    def default_namespace(self) -> str:
        """Of the place; no release goes there unasked."""
        return self.place.default_namespace

    def namespaced(self, kind: KindOfObject) -> bool:
        """Always."""
        del kind
        return True

    def create(self, wanted: Wanted) -> Document:
        """Write the release at revision 1; one of this name that is there already is an error."""
        return self._installed(wanted, self._folder.create(self._document(wanted, revision=1)))

    def update(self, wanted: Wanted) -> Document:
        """Write the release at the next revision."""
        revision = mapping(wanted.held.get("status")).get("revision")
        document = self._document(wanted, revision=(revision if isinstance(revision, int) else 0) + 1)
        return self._installed(wanted, self._folder.update(document))

    def read(self, held: ObjectState) -> Document | None:
        """The release on disk as a state; None where it is gone."""
        document = self._folder.read(held)
        return None if document is None else _state(document)

    def delete(self, held: ObjectState) -> None:
        """Remove the document."""
        self._folder.delete(held)

    @property
    def _folder(self) -> ManifestFolder:
        if not isinstance(self.place, ManifestFolder):
            raise SandboxError(
                "the Kubernetes stand-in renders no charts, so a release cannot be installed on a cluster",
                remedy="leave the cluster out (releases are then kept as documents), or install with the real provider",
            )
        return self.place

    def _installed(self, wanted: Wanted, document: Document) -> Document:
        if wanted.preview:
            return {**wanted.manifest, **dict.fromkeys(OUTPUTS, UNKNOWN)}
        return _state(document)

    def _document(self, wanted: Wanted, *, revision: int) -> Wanted:
        inputs = wanted.manifest
        status: Document = {
            "status": "deployed",
            "name": inputs.get("name"),
            "namespace": inputs.get("namespace"),
            "revision": revision,
            "chart": text(inputs.get("chart")).rpartition("/")[2],
            "version": inputs.get("version"),
        }
        kind, namespace, name = wanted.kind, text(inputs.get("namespace")), text(inputs.get("name"))
        named = form.named_in(
            {"apiVersion": kind.api_version, "kind": kind.kind},
            namespace=namespace,
            name=name,
        )
        return replace(wanted, manifest={**named, "spec": inputs, "status": status})


def imported_release(state: Document) -> Document:
    """The inputs of a release that no program has declared yet."""
    return {key: value for key, value in state.items() if key not in OUTPUTS}


def _state(document: Document) -> Document:
    names: Json = {}
    return {**mapping(document.get("spec")), "status": document.get("status"), "resourceNames": names}
