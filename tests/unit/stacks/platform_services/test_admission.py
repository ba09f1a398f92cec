"""What judges everything else comes after it."""

from tests.support.declarations import Layer

RELEASE = "kubernetes:helm.sh/v3:Release"
GATEKEEPER = "quantos:kubernetes/security:Gatekeeper"


def test_gatekeeper_is_installed_after_every_other_release_and_workload(layer: Layer) -> None:
    (gatekeeper,) = (each for each in layer.declared if each.type == GATEKEEPER)
    first = {
        each.urn
        for each in layer.declared
        if (each.type == RELEASE or each.inputs.get("kind") in {"Deployment", "Job", "RayService"})
        and each.name != "gatekeeper"
    }
    assert len(first) > 20
    assert first <= layer.before(gatekeeper)
