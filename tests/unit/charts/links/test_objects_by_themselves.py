"""Tokens, spreads, idle Services and clashes: one object beside its own pods, or beside its like."""

import pytest

from quantos.charts.links.clashes import clashes
from quantos.charts.links.services import idle_services
from quantos.charts.links.spread import vain_spreads
from quantos.charts.links.tokens import default_tokens
from tests.support.cluster_objects import LABELS, cluster, made, release, service, workload

WITHHELD = made("ServiceAccount", "default", automountServiceAccountToken=False)


@pytest.mark.parametrize(
    ("objects", "told"),
    [
        ([workload()], True),
        ([workload(pod={"serviceAccountName": "default"})], True),
        ([workload(pod={"serviceAccountName": "web"})], False),
        ([workload(pod={"automountServiceAccountToken": False})], False),
        ([workload(), WITHHELD], False),
        ([workload(pod={"automountServiceAccountToken": True}), WITHHELD], True),
        ([workload(place="other"), WITHHELD], True),
    ],
)
def test_no_pod_is_handed_a_token_of_the_account_default(objects, told) -> None:
    assert bool(list(default_tokens(cluster(*objects)))) == told


def spread(selector) -> dict:
    return {"topologySpreadConstraints": [{"topologyKey": "zone", "labelSelector": selector}]}


def apart(selector, *, preferred=True) -> dict:
    term = {"topologyKey": "host", "labelSelector": selector}
    rule = (
        {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 1, "podAffinityTerm": term}]}
        if preferred
        else {"requiredDuringSchedulingIgnoredDuringExecution": [term]}
    )
    return {"affinity": {"podAntiAffinity": rule}}


OTHER = {"matchLabels": {"app": "other"}}


@pytest.mark.parametrize(
    ("pod", "told"),
    [
        (spread({"matchLabels": LABELS}), []),
        (spread(OTHER), ["spread over zone"]),
        (spread(None), ["spread over zone"]),
        (apart({"matchLabels": LABELS}), []),
        (apart(OTHER), ["anti-affinity over host"]),
        (apart(OTHER, preferred=False), ["anti-affinity over host"]),
        (apart({"matchExpressions": [{"key": "app", "operator": "Exists"}]}), []),
        (apart({"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["web"]}]}),
         ["anti-affinity over host"]),
        (apart({"matchExpressions": [{"key": "app", "operator": "DoesNotExist"}]}), ["anti-affinity over host"]),
    ],
)  # fmt: skip
def test_pods_are_spread_by_labels_that_they_carry(pod, told) -> None:
    assert [each.about for each in vain_spreads(cluster(workload(pod=pod)))] == told


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({}, []),
        ({"selector": {"app": "other"}}, ["no pods"]),
        ({"place": "other"}, ["no pods"]),
        ({"target": "http"}, []),
        ({"target": "grpc"}, ["port http"]),
        ({"selector": {**LABELS, "vault-active": "true"}}, []),
    ],
)
def test_a_service_has_pods_with_its_port(changed, told) -> None:
    assert [each.about for each in idle_services(cluster(workload(), service(**changed)))] == told


def test_one_name_is_declared_once() -> None:
    one, other = release("one"), release("other")
    config = made("ConfigMap", "config")
    assert list(clashes(cluster(bringing=[(one, [config]), (other, [made("ConfigMap", "else")])]))) == []
    (both,) = clashes(cluster(bringing=[(one, [config]), (other, [made("ConfigMap", "config")])]))
    assert both.about == "release web/one (one), release web/other (other)"
    (ours,) = clashes(cluster(config, bringing=[(one, [made("ConfigMap", "config")])]))
    assert "the program" in ours.about
    assert list(clashes(cluster(config, made("ConfigMap", "config", place="other")))) == []
