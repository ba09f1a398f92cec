"""What runs on every node is measured."""

from tests.support.declarations import Layer


def test_the_disks_plugin_is_scraped_where_its_pods_are(layer: Layer) -> None:
    (release,) = (each.inputs for each in layer.declared if each.inputs.get("chart") == "aws-ebs-csi-driver")
    place = release["values"]["node"]["namespaceOverride"]
    monitor = layer.the("PodMonitor", "ebs-csi-node", namespace=place).inputs["spec"]
    assert monitor["selector"] == {"matchLabels": {"app": "ebs-csi-node"}}
    assert [each["port"] for each in monitor["podMetricsEndpoints"]] == ["metrics"]
    assert release["values"]["node"]["enableMetrics"] is True
