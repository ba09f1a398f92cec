"""A cluster's API server: discovery, apply, read and delete, by the official client."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import quote, urlencode

from sandbox.errors import SandboxError
from sandbox.providers.kubernetes.configuration import Kubeconfig
from sandbox.providers.values import Document, Json, items, mapping, text

if TYPE_CHECKING:
    from kubernetes.client import ApiClient

REQUEST_SECONDS = 30.0
NOT_FOUND, CONFLICT = 404, 409
_APPLY = "application/apply-patch+yaml"


class ApiServerError(SandboxError):
    """The API server refused or could not be reached; `status` is HTTP's, 0 where there was no answer."""

    code: ClassVar[str] = "sandbox.kubernetes"

    def __init__(self, what: str, *, status: int = 0, about: str = "", remedy: str) -> None:
        super().__init__(what, remedy=remedy)
        self.status = status
        self.about = about


@dataclass(frozen=True)
class ApiResource:
    """Where a kind is served: the path of its group and version, its plural, and whether it has namespaces."""

    path: str
    plural: str
    namespaced: bool

    def url(self, namespace: str, name: str = "") -> str:
        """Path of one object, or of the collection where `name` is empty."""
        place = f"/namespaces/{quote(namespace)}" if self.namespaced else ""
        return f"{self.path}{place}/{self.plural}" + (f"/{quote(name)}" if name else "")


class ApiServer:
    """One cluster. Every method raises ApiServerError where the server refuses or does not answer."""

    def __init__(self, client: ApiClient) -> None:
        self._client = client
        self._lock = threading.Lock()
        self._served: dict[str, dict[str, ApiResource]] = {}

    @staticmethod
    def of(kubeconfig: Kubeconfig) -> ApiServer:
        """The server of a kubeconfig's context, with its certificates, tokens and exec plugins."""
        from kubernetes.client import ApiClient, Configuration  # noqa: PLC0415  takes a second
        from kubernetes.config import ConfigException  # noqa: PLC0415
        from kubernetes.config.kube_config import KubeConfigLoader  # noqa: PLC0415

        settings = Configuration()
        try:
            loader = KubeConfigLoader(
                kubeconfig.content,
                active_context=kubeconfig.context or None,
                config_base_path=str(kubeconfig.folder),
            )
            loader.load_and_set(settings)
        except ConfigException as error:
            raise SandboxError(f"the kubeconfig cannot be used: {error}", remedy="correct the kubeconfig") from error
        return ApiServer(ApiClient(settings))

    def resource(self, api_version: str, kind: str) -> ApiResource | None:
        """Where a kind is served; None while the server does not know it, as before its CRD."""
        with self._lock:
            resource = self._served.get(api_version, {}).get(kind)
            if resource is None:
                self._served[api_version] = self._discovered(api_version)
                resource = self._served[api_version].get(kind)
            return resource

    def _discovered(self, api_version: str) -> dict[str, ApiResource]:
        path = f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
        try:
            listed = items(self._request("GET", path).get("resources"))
        except ApiServerError as error:
            if error.status == NOT_FOUND:
                return {}
            raise
        served = [mapping(entry) for entry in listed]
        return {
            text(entry["kind"]): ApiResource(path, text(entry["name"]), bool(entry.get("namespaced")))
            for entry in served
            if "/" not in text(entry["name"])
        }

    def read(self, resource: ApiResource, *, namespace: str, name: str) -> Document | None:
        """The object as it is; None where it, or its namespace, is not there."""
        try:
            return self._request("GET", resource.url(namespace, name))
        except ApiServerError as error:
            if error.status == NOT_FOUND:
                return None
            raise

    def apply(
        self, resource: ApiResource, manifest: Document, *, namespace: str, manager: str, force: bool, dry_run: bool
    ) -> Document:
        """Apply on the server as `manager`, unknown fields refused; a dry run passes admission and stores nothing."""
        query = {"fieldManager": manager, "force": str(force).lower(), "fieldValidation": "Strict"}
        url = resource.url(namespace, text(mapping(manifest.get("metadata")).get("name")))
        return self._request("PATCH", url, query=_dry(query, dry_run=dry_run), body=manifest, content_type=_APPLY)

    def create(
        self, resource: ApiResource, manifest: Document, *, namespace: str, manager: str, dry_run: bool
    ) -> Document:
        """Create an object, which need not have a name of its own (`metadata.generateName`)."""
        query = {"fieldManager": manager, "fieldValidation": "Strict"}
        return self._request("POST", resource.url(namespace), query=_dry(query, dry_run=dry_run), body=manifest)

    def delete(self, resource: ApiResource, *, namespace: str, name: str, propagation: str) -> None:
        """Ask for an object's deletion; one that is gone already is no error."""
        body: Document = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": propagation}
        try:
            self._request("DELETE", resource.url(namespace, name), body=body)
        except ApiServerError as error:
            if error.status != NOT_FOUND:
                raise

    def _request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Document | None = None,
        content_type: str = "application/json",
    ) -> Document:
        from urllib3.exceptions import HTTPError  # noqa: PLC0415  comes with the client

        headers: dict[str, str] = {"Accept": "application/json", "Content-Type": content_type}
        self._client.update_params_for_auth(headers, [], ["BearerToken"], path, method, body)
        host = self._client.configuration.host
        url = f"{host}{path}" + (f"?{urlencode(query)}" if query else "")
        sent: object = json.dumps(body) if content_type == _APPLY else body
        try:
            answer = self._client.call_api(method, url, headers, sent, _request_timeout=REQUEST_SECONDS)
            content = answer.read()
        except HTTPError as error:
            raise ApiServerError(
                f"{host} cannot be reached: {error}", remedy="start the cluster, or correct the kubeconfig"
            ) from error
        document = _document(content)
        if not 200 <= answer.status < 300:
            raise _refusal(method, path, status=answer.status, answer=document)
        return document


def _dry(query: dict[str, str], *, dry_run: bool) -> dict[str, str]:
    return {**query, "dryRun": "All"} if dry_run else query


def _document(content: bytes | None) -> Document:
    try:
        document: Json = json.loads(content or b"{}")
    except ValueError:
        document = {"message": (content or b"").decode("utf-8", "replace")[:300]}
    return document if isinstance(document, dict) else {}


def _refusal(method: str, path: str, *, status: int, answer: Document) -> ApiServerError:
    message = text(answer.get("message")) or "no reason given"
    remedy = "correct the object or the cluster, and run again"
    if status == CONFLICT and "conflict" in message.lower():
        remedy = "leave the field to its manager, or set the annotation pulumi.com/patchForce to take it over"
    details = mapping(answer.get("details"))
    about = text(details.get("kind"))
    return ApiServerError(
        f"the API server refused ({status} {text(answer.get('reason')) or method}) {path}: {message}",
        status=status,
        about=about,
        remedy=remedy,
    )
