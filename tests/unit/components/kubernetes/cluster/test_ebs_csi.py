"""The disk driver touches its own cluster's disks, and only the plugin of each node is privileged."""

from components.kubernetes.cluster.ebs_csi import CONTROLLER_SIDECARS, EbsCsiArgs, statements, values

ARGS = EbsCsiArgs(
    namespace="storage",
    node_namespace="node-agents",
    cluster_name="quantos-dev",
    account_id="123456789012",
    region="us-east-1",
    kms_key_arn="arn:aws:kms:us-east-1:123456789012:key/k",
    replicas=1,
    tags={"owner": "platform"},
)


def test_the_privileged_plugin_is_not_where_the_controller_is() -> None:
    node = values(ARGS)["node"]
    assert isinstance(node, dict)
    assert node["namespaceOverride"] == "node-agents" != ARGS.namespace


def test_every_sidecar_of_the_controller_drops_all_capabilities_as_nobody_root() -> None:
    sidecars = values(ARGS)["sidecars"]
    assert isinstance(sidecars, dict)
    for part in CONTROLLER_SIDECARS:
        context = sidecars[part]["securityContext"]
        assert context["capabilities"] == {"drop": ["ALL"]}
        assert context["runAsNonRoot"] is True
        assert context["readOnlyRootFilesystem"] is True


def test_the_node_plugins_sidecars_do_not_promise_what_a_root_pod_cannot_keep() -> None:
    sidecars = values(ARGS)["sidecars"]
    assert isinstance(sidecars, dict)
    assert "runAsNonRoot" not in sidecars["livenessProbe"]["securityContext"]


def test_changes_need_the_clusters_tag_and_encryption_one_key() -> None:
    by_sid = {statement.sid: statement for statement in statements(ARGS, kms_key_arn="key-arn")}
    tag = "kubernetes.io/cluster/quantos-dev"
    assert by_sid["UseOwnDisks"].conditions == {"StringEquals": {f"aws:ResourceTag/{tag}": "owned"}}
    assert by_sid["MakeOwnDisks"].conditions == {"StringEquals": {f"aws:RequestTag/{tag}": "owned"}}
    assert by_sid["EncryptDisks"].resources == ("key-arn",)


def test_one_replica_has_no_disruption_budget() -> None:
    controller = values(ARGS)["controller"]
    assert isinstance(controller, dict)
    assert controller["podDisruptionBudget"] == {"enabled": False}


def test_nothing_is_stated_that_the_chart_leaves_out_or_writes_itself() -> None:
    given = values(ARGS)
    controller, sidecars = given["controller"], given["sidecars"]
    assert isinstance(controller, dict)
    assert isinstance(sidecars, dict)
    assert "snapshotter" not in sidecars
    assert not any("labelSelector" in each for each in controller["topologySpreadConstraints"])
