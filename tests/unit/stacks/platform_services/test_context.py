"""What namespaces allow is what those in them need."""

import json

from quantos.environment.settings.network import POD_SERVICES
from tests.support.declarations import Layer


def policy(layer: Layer, namespace: str) -> dict:
    return layer.the("NetworkPolicy", "allowed", namespace=namespace).inputs["spec"]


def ports_to(rules: list[dict], peer: dict, *, side: str) -> set[int]:
    return {int(port["port"]) for rule in rules if peer in rule[side] for port in rule.get("ports", ())}


def test_only_monitoring_asks_name_servers_for_more_than_names(layer: Layer) -> None:
    servers = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}}}
    assert ports_to(policy(layer, "monitoring")["egress"], servers, side="to") == {53, 9153}
    assert ports_to(policy(layer, "trino")["egress"], servers, side="to") == {53}


def test_the_api_reaches_what_kueue_says_of_waiting_jobs(layer: Layer) -> None:
    vpc = {"ipBlock": {"cidr": str(layer.settings.network.cidr)}}
    assert ports_to(policy(layer, "kueue-system")["ingress"], vpc, side="from") == {8082, 8443, 9443}


def test_no_pod_gets_a_token_unless_it_names_an_account(layer: Layer) -> None:
    namespaces = {each.inputs["metadata"]["name"] for each in layer.declared if each.inputs.get("kind") == "Namespace"}
    assert {"lineage", "jobs-research"} < namespaces
    for namespace in namespaces:
        account = layer.the("ServiceAccount", "default", namespace=namespace)
        assert account.inputs["automountServiceAccountToken"] is False
        assert "::cluster-defaults::" in account.provider, "Kubernetes makes this account before we do"


def test_only_one_provider_takes_over_what_is_there(layer: Layer) -> None:
    providers = {each.name: each.inputs for each in layer.declared if each.type == "pulumi:providers:kubernetes"}
    assert {name for name, given in providers.items() if given.get("upsertExistingObjects") == "true"} == {
        "cluster-defaults"
    }
    used = {each.inputs["kind"] for each in layer.declared if "::cluster-defaults::" in each.provider}
    assert used == {"ServiceAccount"}


def test_marquez_runs_as_an_account_of_its_own_without_a_token(layer: Layer) -> None:
    (marquez,) = (each.inputs["values"]["marquez"] for each in layer.declared if each.inputs.get("chart") == "marquez")
    account = layer.the("ServiceAccount", marquez["serviceAccount"], namespace="lineage")
    assert account.inputs["automountServiceAccountToken"] is False
    assert marquez["serviceAccount"] != "default"


WITHOUT_ENDPOINT = {
    "kafka-cluster": "brokers take it on their own port",
    "rds-db": "Postgres takes it on its own port",
    "iam": "the load balancers' service asks it for its own role",
}


def test_every_service_that_a_pod_s_role_names_is_reached_inside_the_vpc(layer: Layer) -> None:
    named = {
        action.partition(":")[0]
        for each in layer.declared
        if each.type == "aws:iam/rolePolicy:RolePolicy"
        for statement in json.loads(each.inputs["policy"])["Statement"]
        for action in statement["Action"]
    }
    assert "sns" in named
    assert named - WITHOUT_ENDPOINT.keys() <= set(layer.settings.network.endpoint_services)
    assert named - WITHOUT_ENDPOINT.keys() <= POD_SERVICES
