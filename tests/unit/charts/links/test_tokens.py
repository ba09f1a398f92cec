"""Pods that are handed a token of the account `default`."""

import pytest

from quantos.charts.links.tokens import default_tokens
from tests.support.cluster_objects import cluster, made, workload

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
