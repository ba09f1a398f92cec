"""A list of components is what CycloneDX says one is, and names each thing once, by where it came from."""

import json
from pathlib import Path

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from images.layers.component import Component
from images.layers.wheels import python_components, read_lock
from images.sbom import bill_of_materials

ROOT = Path(__file__).resolve().parents[3]
DIGEST = f"sha256:{'a' * 64}"
COMPONENTS = (
    Component(
        kind="application", name="pulumi", version="3.259.0", purl="pkg:generic/pulumi@3.259.0", licence="Apache-2.0",
        sha256="b" * 64, properties={"quantos:origin": "built from Go modules"},
    ),
    Component(
        kind="library", name="libc6", version="2.36-9", purl="pkg:deb/debian/libc6@2.36-9?arch=amd64&distro=bookworm",
        licence_text="GPL-2+ AND LGPL-2.1+",
    ),
    Component(kind="library", name="six", version="1.17.0", purl="pkg:pypi/six@1.17.0", sha256="c" * 64),
)  # fmt: skip


def test_the_list_passes_the_schema() -> None:
    text = bill_of_materials("functions", DIGEST, COMPONENTS)
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None


def test_the_order_of_components_changes_nothing() -> None:
    assert bill_of_materials("functions", DIGEST, COMPONENTS) == bill_of_materials(
        "functions", DIGEST, COMPONENTS[::-1]
    )


def test_what_is_known_of_a_component_is_said() -> None:
    document = json.loads(bill_of_materials("functions", DIGEST, COMPONENTS))
    by_name = {component["name"]: component for component in document["components"]}
    assert by_name["pulumi"]["properties"] == [{"name": "quantos:origin", "value": "built from Go modules"}]
    assert by_name["pulumi"]["licenses"] == [{"expression": "Apache-2.0"}]
    assert by_name["libc6"]["licenses"] == [{"license": {"name": "GPL-2+ AND LGPL-2.1+"}}]
    assert by_name["six"]["hashes"] == [{"alg": "SHA-256", "content": "c" * 64}]
    assert document["metadata"]["component"]["version"] == DIGEST


def test_every_package_of_an_environment_that_was_locked_is_listed_with_its_version() -> None:
    (packages,) = (ROOT / ".venv" / "lib").glob("python3.*/site-packages")
    components = {component.name: component for component in python_components(packages, read_lock(ROOT / "uv.lock"))}
    assert components["pydantic"].purl.startswith("pkg:pypi/pydantic@2.")
    assert len(components["pydantic"].sha256) == 64
    text = bill_of_materials("environment", DIGEST, tuple(components.values()))
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
