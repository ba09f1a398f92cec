"""The event bus is run from its own namespace, and reads no other's secrets."""

from components.kubernetes.events.argo_events import ArgoEventsArgs, values
from quantos.environment.namespaces import SERVICES

ARGS = ArgoEventsArgs(namespace="argo-events", storage_class="gp3", storage_gib=10, replicas=2)


def test_the_controller_has_rights_in_its_own_namespace_alone() -> None:
    controller = values(ARGS)["controller"]
    assert isinstance(controller, dict)
    assert controller["rbac"] == {"namespaced": True}


def test_there_is_no_webhook_and_nobody_is_let_in_for_one() -> None:
    assert "webhook" not in values(ARGS)
    assert SERVICES["argo-events"].webhooks == ()
