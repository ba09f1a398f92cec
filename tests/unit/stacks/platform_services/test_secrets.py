"""Every part of what copies secrets is measured."""

from tests.support.declarations import Layer


def test_all_parts_of_a_release_are_scraped_not_the_one_that_has_its_name(layer: Layer) -> None:
    monitor = layer.the("ServiceMonitor", "external-secrets-metrics").inputs["spec"]
    assert monitor["selector"] == {"matchLabels": {"app.kubernetes.io/instance": "external-secrets"}}
