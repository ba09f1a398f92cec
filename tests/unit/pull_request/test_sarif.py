"""The SARIF log, against what its specification demands of a reader."""

from typing import Any, cast

from hypothesis import given
from hypothesis import strategies as st

from quantos.pull_request.sarif import sarif
from tests.support.pull_requests import make_environment, make_finding, make_layer, make_mixed, make_refusal


def log_of(finding: Any) -> dict[str, Any]:
    return cast("dict[str, Any]", sarif(finding, page=lambda path: f"https://forge.example/{path}"))


def test_every_result_names_a_rule_of_the_log_and_a_place_in_the_project() -> None:
    log = log_of(make_mixed())
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert log["version"] == "2.1.0"
    assert run["results"]
    assert len({rule["id"] for rule in rules}) == len(rules)
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        (location,) = result["locations"]
        physical = location["physicalLocation"]
        assert not physical["artifactLocation"]["uri"].startswith("/")
        assert physical["artifactLocation"]["uriBaseId"] in run["originalUriBaseIds"]
        assert physical["region"]["startLine"] >= 1
        assert result["level"] in {"error", "warning", "note"}


def test_pages_of_controls_are_absolute_addresses() -> None:
    rules = log_of(make_mixed())["runs"][0]["tool"]["driver"]["rules"]
    links = [rule["helpUri"] for rule in rules if "helpUri" in rule]
    assert "https://forge.example/docs/controls.md#buckets" in links
    assert all("://" in link for link in links)


@given(st.lists(st.tuples(st.text(min_size=1, max_size=20), st.sampled_from(["cpu", "gpu"])), max_size=6, unique=True))
def test_objections_are_told_apart_by_their_fingerprints(told: list[tuple[str, str]]) -> None:
    refusals = tuple(make_refusal(message=message, urn=f"a::b::c::{name}") for message, name in told)
    results = log_of(make_finding(make_environment(make_layer(refusals=refusals))))["runs"][0]["results"]
    assert len({result["partialFingerprints"]["objection/v1"] for result in results}) == len(
        {
            (result["message"]["text"], result["locations"][0]["logicalLocations"][0]["fullyQualifiedName"])
            for result in results
        }
    )
