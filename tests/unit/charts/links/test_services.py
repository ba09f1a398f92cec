"""Services against the pods that they select."""

import pytest

from quantos.charts.links.services import idle_services
from tests.support.cluster_objects import LABELS, cluster, service, workload


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
