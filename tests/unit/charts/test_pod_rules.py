"""Pods of charts, as an environment's exemptions let them off, and exemptions that no pod needs."""

from datetime import date

import pytest

from quantos.catalog.catalog import load_catalog
from quantos.charts.pod_rules import idle_exemptions, pod_rules
from quantos.environment.load import load_environment
from quantos.environment.settings.limits import ExemptionSettings
from tests.support.cluster_objects import workload
from tests.support.environments import ENVIRONMENTS, make_settings

TODAY = date(2026, 11, 30)
RULE = "pod-read-only-root"


def exemption(**changes: object) -> ExemptionSettings:
    stated = {
        "rule": RULE,
        "layer": "platform",
        "resource": "Deployment web/web",
        "owner": "ada",
        "reason": "its image writes to its root",
        "expires": TODAY,
    }
    return ExemptionSettings.model_validate({**stated, **changes})


@pytest.mark.parametrize(
    ("place", "today", "refused"),
    [
        ("harbor", TODAY, False),
        ("harbor", date(2027, 5, 31), False),
        ("harbor", date(2027, 6, 1), True),
        ("web", TODAY, True),
    ],
)
@pytest.mark.parametrize("environment", ["dev", "staging", "prod"])
def test_harbor_alone_may_write_to_its_root_and_for_a_time(environment, place, today, refused) -> None:
    rules = pod_rules(load_environment(environment, root=ENVIRONMENTS, catalog=load_catalog()), today=today)
    broken = {each.path for each in rules(workload("harbor-core", place=place))}
    assert (RULE in broken) == refused
    assert "pod-resources" in broken


@pytest.mark.parametrize(
    ("changed", "idle"),
    [
        ({}, False),
        ({"resource": "* web/*"}, False),
        ({"resource": "* other/*"}, True),
        ({"rule": "pod-host-ports"}, True),
        ({"resource": "* node-agents/*"}, True),
        ({"resource": "web"}, False),
        ({"rule": "bucket-versioned"}, False),
    ],
)
def test_an_exemption_that_no_pod_of_a_chart_needs_is_told(changed, idle) -> None:
    settings = make_settings(exemptions=(exemption(**changed),))
    pods = [workload(), workload(place="node-agents")]
    assert [each.subject for each in idle_exemptions(settings, pods)] == (
        [f"{changed.get('rule', RULE)} {changed.get('resource', 'Deployment web/web')}"] if idle else []
    )
