"""Connections that objects tell of, against network policies."""

import pytest

from quantos.charts.links.reach import blocked_flows, lost_addresses
from quantos.errors import ChartsError
from tests.support.cluster_objects import (
    LABELS,
    VPC,
    abouts,
    allowed,
    cluster,
    denied,
    from_namespace,
    made,
    monitor,
    prometheus,
    service,
    workload,
)

HOOK = made(
    "ValidatingWebhookConfiguration", api="admissionregistration.k8s.io/v1", place=None,
    webhooks=[{"name": "w", "clientConfig": {"service": {"name": "web", "namespace": "web", "port": 80}}}],
)  # fmt: skip
API = made(
    "APIService", "v1.web", api="apiregistration.k8s.io/v1", place=None,
    spec={"service": {"name": "web", "namespace": "web", "port": 80}},
)  # fmt: skip
DEFINITION = made(
    "CustomResourceDefinition", "webs.example", api="apiextensions.k8s.io/v1", place=None,
    spec={"conversion": {"webhook": {"clientConfig": {"service": {"name": "web", "namespace": "web", "port": 80}}}}},
)  # fmt: skip
INGRESS = made(
    "Ingress", api="networking.k8s.io/v1",
    spec={"rules": [{"http": {"paths": [{"backend": {"service": {"name": "web", "port": {"name": "http"}}}}]}}]},
)  # fmt: skip
BALANCED = service("balanced", type="LoadBalancer")
WEB = (workload(), service(), denied())


def in_from_vpc(port, **more) -> dict:
    return allowed(ingress=[{"from": [{"ipBlock": {"cidr": VPC}}], "ports": [{"port": port, **more}]}])


def in_from_blocks(*blocks) -> dict:
    return allowed(ingress=[{"from": [{"ipBlock": {"cidr": each}} for each in blocks], "ports": [{"port": 8080}]}])


@pytest.mark.parametrize("caller", [HOOK, API, DEFINITION, INGRESS, BALANCED], ids=lambda each: each["kind"])
@pytest.mark.parametrize(
    ("policy", "passes"),
    [
        (in_from_vpc(8080), True),
        (in_from_vpc("http"), True),
        (in_from_vpc(8000, endPort=8100), True),
        (in_from_vpc(80), False),
        (in_from_vpc(8443), False),
        (in_from_vpc(8080, protocol="TCP"), True),
        (in_from_vpc(8080, protocol="UDP"), False),
        (in_from_vpc(None, protocol="UDP"), False),
        (in_from_vpc("http", protocol="UDP"), False),
        (in_from_vpc("8080"), False),
        (in_from_vpc("https"), False),
        (in_from_vpc(8000, endPort=8079), False),
        (in_from_blocks("10.0.0.1/16"), True),
        (in_from_blocks("10.0.0.0/17", "10.0.128.0/17"), True),
        (in_from_blocks("10.0.0.0/17", "10.1.0.0/17"), False),
        (in_from_blocks("::/0"), False),
        (allowed(ingress=[{"from": [{"ipBlock": {"cidr": "10.0.0.0/24"}}]}]), False),
        (allowed(ingress=[{"from": [{"ipBlock": {"cidr": "0.0.0.0/0", "except": ["10.0.1.0/24"]}}]}]), False),
        (allowed(ingress=[{"from": [{"namespaceSelector": {}}]}]), False),
        (allowed(ingress=[{}]), True),
    ],
)
def test_what_the_vpc_calls_is_let_in_at_the_port_of_the_pods(caller, policy, passes) -> None:
    assert (not list(blocked_flows(cluster(*WEB, caller, policy)))) == passes


def test_blocks_of_several_policies_count_together() -> None:
    half = {"from": [{"ipBlock": {"cidr": "10.0.0.0/17"}}]}
    rest = {"from": [{"ipBlock": {"cidr": "10.0.0.0/16", "except": ["10.0.0.0/18"]}}]}
    assert len(list(blocked_flows(cluster(*WEB, HOOK, allowed(ingress=[rest]))))) == 1
    assert list(blocked_flows(cluster(*WEB, HOOK, allowed(ingress=[half]), allowed(ingress=[rest], name="b")))) == []


def test_a_block_that_cannot_be_read_is_refused_by_its_policy() -> None:
    with pytest.raises(ChartsError, match=r"NetworkPolicy web/allow: 'abc' is no block"):
        list(blocked_flows(cluster(*WEB, HOOK, in_from_blocks("abc"))))


@pytest.mark.parametrize(("protocol", "passes"), [("UDP", True), ("TCP", False)])
def test_a_port_of_udp_is_let_in_by_a_policy_of_udp(protocol, passes) -> None:
    pod = workload(ports=[{"name": "http", "containerPort": 8080, "protocol": "UDP"}])
    balanced = service("balanced", type="LoadBalancer", target="http")
    balanced["spec"]["ports"][0]["protocol"] = "UDP"
    policy = in_from_vpc("http", protocol=protocol)
    assert (not list(blocked_flows(cluster(pod, denied(), balanced, policy)))) == passes


def test_a_named_port_on_the_way_out_is_one_of_the_pods_that_listen() -> None:
    out = allowed("monitoring", egress=[{"to": [from_namespace("web")], "ports": [{"port": "http"}]}])
    objects = [workload(), service(labels=LABELS), monitor(), prometheus(), denied("monitoring"), out]
    assert list(blocked_flows(cluster(*objects))) == []


def test_without_a_policy_everything_passes_and_in_the_nodes_network_too() -> None:
    assert list(blocked_flows(cluster(workload(), service(), HOOK))) == []
    assert list(blocked_flows(cluster(workload(pod={"hostNetwork": True}), service(), denied(), HOOK))) == []


@pytest.mark.parametrize(
    ("policies", "says"),
    [
        ([denied()], "no policy lets Prometheus monitoring/metrics in at Deployment web/web:8080"),
        ([allowed(ingress=[{"from": [from_namespace("monitoring")]}])], ""),
        (
            [allowed(ingress=[{"from": [from_namespace("monitoring")]}]), denied("monitoring")],
            "no policy lets Prometheus monitoring/metrics connect to Deployment web/web:8080",
        ),
        (
            [
                allowed(ingress=[{"from": [from_namespace("monitoring")]}]),
                denied("monitoring"),
                allowed("monitoring", egress=[{"to": [from_namespace("web")], "ports": [{"port": 8080}]}]),
            ],
            "",
        ),
    ],
)
def test_a_scrape_is_let_in_and_out(policies, says) -> None:
    objects = [workload(), service(labels=LABELS), monitor(), prometheus(), *policies]
    assert [each.what for each in blocked_flows(cluster(*objects))] == ([says] if says else [])


def test_name_servers_are_known_without_being_declared() -> None:
    scraped = monitor(labels={"k8s-app": "kube-dns"}, port="metrics", place="kube-system")
    only_dns = allowed("monitoring", egress=[{"to": [from_namespace("kube-system")], "ports": [{"port": 53}]}])
    (link,) = blocked_flows(cluster(scraped, prometheus(), only_dns))
    assert link.what == "no policy lets Prometheus monitoring/metrics connect to Deployment kube-system/coredns:9153"


@pytest.mark.parametrize(
    "told",
    [
        {"args": ["--server=http://web.web:80"]},
        {"env": [{"name": "SERVER", "value": "web.web.svc.cluster.local:80"}]},
        {"envFrom": [{"configMapRef": {"name": "settings"}}]},
    ],
)
def test_a_program_is_let_through_to_what_it_is_told_of(told) -> None:
    settings = made("ConfigMap", "settings", place="client", data={"url": "url: http://web.web.svc:80/api"})
    client = workload("client", place="client", labels={"app": "client"}, **told)
    assert len(list(blocked_flows(cluster(*WEB, client, settings)))) == 1
    open_to_client = allowed(ingress=[{"from": [from_namespace("client")]}])
    assert list(blocked_flows(cluster(*WEB, client, settings, open_to_client))) == []


def test_addresses_of_services_that_nobody_makes_are_told() -> None:
    client = workload("client", place="client", args=["http://weeb.web:80", "http://web.web:80", "a.b.svc", "x.web=1"])
    assert abouts(lost_addresses(cluster(*WEB, client))) == ["address: Deployment client/client: weeb.web"]
