"""The table of namespaces: whom each reaches is known on both ends, and nothing is weaker without a reason."""

import pytest

from quantos.environment.namespaces import (
    MONITORING,
    SERVICES,
    NamespaceSpec,
    PodSecurityLevel,
    job_namespace,
    namespaces,
    reached_by,
)

KNOWN = namespaces(("research", "risk"))


@pytest.mark.parametrize("name", KNOWN)
def test_a_namespace_reaches_only_namespaces_that_there_are_and_they_let_it_in(name: str) -> None:
    assert all(name in reached_by(other, KNOWN) for other in KNOWN[name].reaches)


def test_monitoring_measures_every_namespace_and_nothing_else_reaches_all() -> None:
    others = set(KNOWN) - {MONITORING}
    assert set(KNOWN[MONITORING].reaches) == others
    assert [name for name, spec in KNOWN.items() if set(spec.reaches) >= others - {name}] == [MONITORING]


def test_a_team_has_a_namespace_of_its_own_that_no_other_team_reaches() -> None:
    jobs = {job_namespace(team) for team in ("research", "risk")}
    assert jobs < set(KNOWN)
    assert not [other for name in jobs for other in reached_by(name, KNOWN) if other in jobs]


def test_of_services_only_operators_and_monitoring_connect_to_jobs() -> None:
    asking = {name for name, spec in SERVICES.items() if spec.asks_jobs}
    assert set(reached_by(job_namespace("research"), KNOWN)) == {MONITORING, *asking}
    assert asking == {"flink", "ray"}


def test_jobs_run_restricted() -> None:
    assert KNOWN[job_namespace("research")].level == "restricted"


@pytest.mark.parametrize(("level", "reason"), [("privileged", ""), ("baseline", ""), ("restricted", "it is easier")])
def test_only_a_weaker_level_has_a_reason_and_each_has_one(level: PodSecurityLevel, reason: str) -> None:
    with pytest.raises(ValueError, match="states its reason"):
        NamespaceSpec(level=level, reason=reason)


def test_only_what_reads_nodes_is_privileged() -> None:
    assert [name for name, spec in SERVICES.items() if spec.level == "privileged"] == ["node-agents"]
