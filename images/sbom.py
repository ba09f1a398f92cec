"""What an image holds, as a list of components by CycloneDX 1.6: the same bytes for the same image."""

import json
import uuid
from collections.abc import Sequence
from typing import Final

from images.layers.component import Component

_NAMESPACE: Final = uuid.UUID("6b1f3c1e-5f0e-4a53-9a0c-3d4c7f0c5a51")
_SPDX_EXPRESSION: Final = "expression"


def bill_of_materials(name: str, digest: str, components: Sequence[Component]) -> str:
    """The list of an image with a digest, components in the order of their package URLs."""
    document = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(_NAMESPACE, digest)}",
        "version": 1,
        "metadata": {
            "component": {
                "type": "container",
                "bom-ref": digest,
                "name": name,
                "version": digest,
                "purl": f"pkg:oci/{name}@{digest.replace(':', '%3A')}?arch=amd64",
            }
        },
        "components": [_component(component) for component in sorted(components, key=lambda each: each.purl)],
    }
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def _component(component: Component) -> dict[str, object]:
    stated: dict[str, object] = {
        "type": component.kind,
        "bom-ref": component.purl,
        "name": component.name,
        "version": component.version,
        "purl": component.purl,
    }
    if component.licence:
        stated["licenses"] = [{_SPDX_EXPRESSION: component.licence}]
    elif component.licence_text:
        stated["licenses"] = [{"license": {"name": component.licence_text}}]
    if component.sha256:
        stated["hashes"] = [{"alg": "SHA-256", "content": component.sha256}]
    if component.properties:
        stated["properties"] = [{"name": name, "value": value} for name, value in sorted(component.properties.items())]
    return stated
