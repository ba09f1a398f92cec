"""AWS by the endpoints of the VPC, and nothing on the Internet."""

import pytest

from quantos.charts.documents import Grant
from quantos.charts.links.egress import public_hosts, unreachable_services
from quantos.charts.links.outside import CALLS
from tests.support.cluster_objects import VPC, abouts, allowed, cluster, denied, made, release, workload


def grant(*actions) -> Grant:
    return Grant(namespace="web", account="web", actions=frozenset(actions))


@pytest.mark.parametrize(
    ("actions", "services"),
    [
        (["s3:GetObject", "sts:AssumeRole"], []),
        (["s3:GetObject", "sns:Publish"], ["sns"]),
        (["rds-db:connect", "kafka-cluster:Connect"], []),
        (["iam:CreateServiceLinkedRole", "iam:PassRole"], []),
        (["iam:CreateServiceLinkedRole", "iam:GetServerCertificate"], ["iam"]),
    ],
)
def test_what_a_role_lets_pods_call_has_an_endpoint(actions, services) -> None:
    assert [each.about for each in unreachable_services(cluster(grants=(grant(*actions),)))] == services


def test_pods_with_a_role_reach_the_vpc() -> None:
    pod = workload(pod={"serviceAccountName": "web"})
    grants = (grant("s3:GetObject"),)
    assert abouts(unreachable_services(cluster(pod, denied(), grants=grants))) == ["egress: Deployment web/web: VPC"]
    out = allowed(egress=[{"to": [{"ipBlock": {"cidr": VPC}}], "ports": [{"port": 443}]}])
    assert list(unreachable_services(cluster(pod, denied(), out, grants=grants))) == []


@pytest.mark.parametrize(
    ("host", "services"),
    [
        ("s3.eu-west-1.amazonaws.com", []),
        ("bucket.s3.eu-west-1.amazonaws.com", []),
        ("sns.eu-west-1.amazonaws.com", ["sns"]),
        ("1234.dkr.ecr.eu-west-1.amazonaws.com", []),
        ("b-1.x.kafka.eu-west-1.amazonaws.com", []),
        ("db.x.eu-west-1.rds.amazonaws.com", []),
    ],
)
def test_hosts_of_aws_that_programs_are_told_of_have_an_endpoint(host, services) -> None:
    config = made("ConfigMap", "config", data={"url": f"endpoint: https://{host}/x"})
    pod = workload(pod={"volumes": [{"name": "c", "configMap": {"name": "config"}}]})
    assert [each.about for each in unreachable_services(cluster(pod, config))] == services


@pytest.mark.parametrize(
    ("argument", "told"),
    [
        ("--prices=https://prices.example.com/list", ["prices.example.com"]),
        ("--db=https://db.dev.example:5432", []),
        ("--server=http://web.web:80", []),
        ("--server=http://localhost:80", []),
        ("--server=http://10.0.0.1:80", []),
        ("--image=registry.example.com/x", []),
    ],
)
def test_a_host_on_the_internet_is_told(argument, told) -> None:
    assert [each.about for each in public_hosts(cluster(workload(args=[argument])))] == told


@pytest.mark.parametrize(
    ("chart", "host", "path", "value"),
    [
        (chart, call.host, path, value)
        for chart, calls in CALLS.items()
        for call in calls
        for path, value in call.unless.items()
    ],
)
def test_what_a_program_asks_by_itself_is_told_unless_a_value_stops_it(chart, host, path, value) -> None:
    def about(values) -> list[str]:
        return [each.about for each in public_hosts(cluster(releases=(release(chart, **values),)))]

    assert host in about({})
    for step in reversed(path):
        value = {step: value}
    assert about(value).count(host) == about({}).count(host) - 1
