"""Custom resources against their definitions, and constraints of Gatekeeper against the template that brings them."""

import pytest

from quantos.charts.custom_resources import crd_complaints, declared_definitions, definitions
from tests.support.charts_folder import CRD

KNOWN = definitions([CRD])


def widget(spec: dict, *, api_version: str = "example.dev/v1", kind: str = "Widget", namespace: str = "a") -> dict:
    metadata = {"name": "one", **({"namespace": namespace} if namespace else {})}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": spec}


def test_a_right_one_is_taken() -> None:
    spec = {
        "size": 9,
        "mode": "fast",
        "name": "Anna",
        "port": "http",
        "free": {"a": {"b": 1}},
        "labels": {"x": "y"},
        "until": None,
        "template": {"spec": {"tolerations": [{"key": "a"}]}},
    }
    assert list(crd_complaints({**widget(spec), "status": {"any": 1}}, KNOWN)) == []


@pytest.mark.parametrize(
    ("found", "path", "what"),
    [
        pytest.param(widget({"size": 1, "sise": 2}), "spec", "no field sise; did you mean size?", id="unknown"),
        pytest.param({**widget({"size": 1}), "data": {}}, "", "no field data", id="unknown-at-the-top"),
        pytest.param(widget({}), "spec", "'size' is a required property", id="required"),
        pytest.param(widget({"size": 0}), "spec.size", "minimum", id="minimum"),
        pytest.param(widget({"size": "1"}), "spec.size", "not of type 'integer'", id="type"),
        pytest.param(widget({"size": 1, "mode": "slow"}), "spec.mode", "not one of", id="enum"),
        pytest.param(widget({"size": 1, "name": "7"}), "spec.name", "does not match", id="pattern"),
        pytest.param(widget({"size": 1, "port": [1]}), "spec.port", "not of type", id="int-or-string"),
        pytest.param(widget({"size": 1, "labels": {"x": 1}}), "spec.labels.x", "not of type 'string'", id="map"),
        pytest.param(
            widget({"size": 1, "template": {"spec": {"tolerations": [{"kee": "a"}]}}}),
            "spec.template.spec.tolerations[0]",
            "no field kee",
            id="deep",
        ),
        pytest.param(widget({"size": 1}, api_version="example.dev/v1beta1"), "apiVersion", "no served", id="unserved"),
        pytest.param(widget({"size": 1}, api_version="example.dev/v2"), "apiVersion", "no served", id="version"),
        pytest.param(widget({"size": 1}, kind="Gadget"), "kind", "no definition of Gadget", id="kind"),
        pytest.param(widget({"size": 1}, namespace=""), "metadata.namespace", "has a namespace", id="namespace"),
    ],
)
def test_a_wrong_one_is_refused_at_its_path(found, path, what) -> None:
    complaints = list(crd_complaints(found, KNOWN))
    assert [each.path for each in complaints] == [path]
    assert what in complaints[0].what


TEMPLATE = {
    "apiVersion": "templates.gatekeeper.sh/v1",
    "kind": "ConstraintTemplate",
    "metadata": {"name": "registries"},
    "spec": {
        "crd": {
            "spec": {
                "names": {"kind": "Registries"},
                "validation": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "properties": {"allowed": {"type": "array", "items": {"type": "string"}}},
                    }
                },
            }
        }
    },
}


def constraint(parameters: dict) -> dict:
    return {
        "apiVersion": "constraints.gatekeeper.sh/v1beta1",
        "kind": "Registries",
        "metadata": {"name": "all"},
        "spec": {"enforcementAction": "deny", "match": {"kinds": []}, "parameters": parameters},
    }


def test_a_constraint_is_held_against_the_template_declared_beside_it() -> None:
    known = declared_definitions([TEMPLATE])
    assert list(crd_complaints(constraint({"allowed": ["a"]}), known)) == []
    assert [each.path for each in crd_complaints(constraint({"alowed": []}), known)] == ["spec.parameters"]


def test_a_definition_declared_by_the_program_counts() -> None:
    assert list(crd_complaints(widget({"size": 1}), declared_definitions([CRD]))) == []
