"""What tells one EKS cluster of the sandbox from another: moto gives all clusters of its process one of each."""

from __future__ import annotations

import hashlib

from sandbox.providers.values import Document, mapping, text


def issuer(description: Document) -> str:
    """The OpenID issuer of a cluster as moto describes it, in the form of AWS's."""
    given = text(mapping(mapping(description.get("identity")).get("oidc")).get("issuer"))
    return f"{given.rpartition('/')[0]}/{_mark(description)}"


def endpoint(description: Document) -> str:
    """The address of its API server, without a slash at the end. Nothing answers there."""
    given = text(description.get("endpoint")).rstrip("/")
    return f"https://{_mark(description)}.{given.partition('.')[2]}"


def _mark(description: Document) -> str:
    cluster = f"{description.get('arn')} {description.get('createdAt')}"
    return hashlib.sha256(cluster.encode()).hexdigest()[:32].upper()
