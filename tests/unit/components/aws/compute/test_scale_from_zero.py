"""An empty pool tells the autoscaler what a node of it would be."""

from components.aws.compute.node_pool import Taint
from components.aws.compute.scale_from_zero import ScaleFromZeroArgs, node_template_tags


def test_labels_taints_disk_and_gpus_are_told() -> None:
    args = ScaleFromZeroArgs(
        scaling_group_name="eks-gpu",
        labels={"quantos.io/pool": "gpu"},
        taints=[Taint(key="quantos.io/gpu", value="true", effect="PREFER_NO_SCHEDULE")],
        disk_gib=100,
        gpus=4,
    )
    assert node_template_tags(args) == {
        "label/quantos.io/pool": "gpu",
        "taint/quantos.io/gpu": "true:PreferNoSchedule",
        "resources/ephemeral-storage": "100Gi",
        "resources/nvidia.com/gpu": "4",
    }


def test_a_pool_without_gpus_tells_of_none() -> None:
    args = ScaleFromZeroArgs(scaling_group_name="eks-cpu", labels={}, taints=[], disk_gib=80, gpus=0)
    assert node_template_tags(args) == {"resources/ephemeral-storage": "80Gi"}
