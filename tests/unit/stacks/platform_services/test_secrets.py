"""Every part of what copies secrets is measured, and who reads all of them is known."""

from quantos.environment.namespaces import SERVICES
from stacks.platform_services.secrets import CLUSTER_READERS
from tests.support.declarations import Layer


def test_all_parts_of_a_release_are_scraped_not_the_one_that_has_its_name(layer: Layer) -> None:
    monitor = layer.the("ServiceMonitor", "external-secrets-metrics").inputs["spec"]
    assert monitor["selector"] == {"matchLabels": {"app.kubernetes.io/instance": "external-secrets"}}


def test_who_reads_every_secret_is_in_a_namespace_of_ours_and_says_why() -> None:
    assert {account.partition("/")[0] for account in CLUSTER_READERS} <= SERVICES.keys()
    assert all(CLUSTER_READERS.values())
