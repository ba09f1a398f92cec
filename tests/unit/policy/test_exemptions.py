"""An exemption lets off until its day is over; then it refuses and says so, and one that nothing needs is told."""

import json
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from quantos.catalog.catalog import load_catalog
from quantos.environment.load import load_environment
from quantos.environment.settings.limits import ExemptionSettings
from quantos.errors import SettingsError
from quantos.policy.config import render_cost_config, render_security_config
from quantos.policy.configured import LimitsReader, parsed_exemptions
from quantos.policy.exemptions import EXEMPTION_NEEDED, Exemption, Subject, unneeded, verdict
from quantos.policy.security.limits import SecurityLimits
from quantos.policy.security.rules import RULES

ENVIRONMENTS = Path(__file__).resolve().parents[3] / "stacks" / "environments"
LAST_DAY = date(2027, 1, 31)
URN = "urn:pulumi:prod-foundation::quantos::quantos:storage:Bucket$aws:s3/bucket:Bucket::lake"
SUBJECT = Subject(name="lake", urn=URN, layer="foundation")
EXEMPTION = Exemption(
    rule="bucket-versioned", layer="foundation", resource="lake", owner="ada", reason="it is copied", expires=LAST_DAY
)


def judged(*, today: date = LAST_DAY, **changes: object) -> tuple[str, ...]:
    return verdict(["Refused."], SUBJECT, exemptions=[replace(EXEMPTION, **changes)], today=today).messages


def test_the_last_day_still_counts_and_the_next_does_not() -> None:
    assert judged() == ()
    assert judged(today=LAST_DAY + timedelta(days=1)) == (
        "Refused. Its exemption by ada (it is copied) expired on 2027-01-31.",
    )


@pytest.mark.parametrize("resource", ["lake", "la*", "*Bucket::lake", URN])
def test_a_resource_is_named_by_a_pattern_of_its_name_or_urn(resource: str) -> None:
    assert judged(resource=resource) == ()


@pytest.mark.parametrize("changes", [{"resource": "lak"}, {"resource": "Lake"}, {"layer": "control"}])
def test_an_exemption_of_something_else_lets_nothing_off(changes: dict) -> None:
    assert judged(**changes) == ("Refused.",)


def test_one_in_force_is_enough_beside_an_expired_one() -> None:
    both = [replace(EXEMPTION, expires=LAST_DAY - timedelta(days=9)), EXEMPTION]
    assert verdict(["Refused."], SUBJECT, exemptions=both, today=LAST_DAY).messages == ()


def test_an_exemption_is_needed_only_where_something_was_refused() -> None:
    fine = verdict([], SUBJECT, exemptions=[EXEMPTION], today=LAST_DAY)
    assert (fine.messages, fine.needed) == ((), ())
    refused = verdict(["Refused."], SUBJECT, exemptions=[EXEMPTION], today=LAST_DAY)
    assert refused.needed == (EXEMPTION,)


def test_exemptions_that_nothing_needed_are_told_of_their_own_layer() -> None:
    (message,) = unneeded([EXEMPTION], needed=[], layer="foundation", today=LAST_DAY)
    assert message.startswith("nothing that matches lake breaks bucket-versioned")
    (past,) = unneeded([EXEMPTION], needed=[], layer="foundation", today=LAST_DAY + timedelta(days=1))
    assert past.endswith("until 2027-01-31, which is past")
    assert unneeded([EXEMPTION], needed=[EXEMPTION], layer="foundation", today=LAST_DAY) == ()
    assert unneeded([EXEMPTION], needed=[], layer="control", today=LAST_DAY) == ()
    in_chart = replace(EXEMPTION, resource="Deployment web/*")
    assert unneeded([in_chart], needed=[], layer="foundation", today=LAST_DAY) == ()


def settings(rule: str) -> object:
    stated = ExemptionSettings(
        rule=rule, layer="foundation", resource="lake", owner="ada", reason="it is copied every night", expires=LAST_DAY
    )
    known = load_environment("prod", root=ENVIRONMENTS, catalog=load_catalog())
    return known.model_copy(update={"exemptions": (*known.exemptions, stated)})


def test_exemptions_and_limits_survive_the_way_through_a_pack_configuration() -> None:
    config = json.loads(json.dumps(render_security_config(settings("bucket-versioned"))))
    assert set(config) == {*(rule.name for rule in RULES), EXEMPTION_NEEDED}
    expected = replace(EXEMPTION, reason="it is copied every night")
    assert expected in parsed_exemptions(config["bucket-versioned"])
    assert expected in parsed_exemptions(config[EXEMPTION_NEEDED])
    assert expected not in parsed_exemptions(config["bucket-tls-only"])
    limits = LimitsReader(SecurityLimits, pack="security").read(config["bucket-versioned"])
    assert limits.protected
    assert limits.weaker_namespaces["node-agents"].level == "privileged"
    assert limits.registries[0].startswith("345678901234.dkr.ecr.us-east-1.")


def test_an_exemption_from_no_rule_is_refused_by_either_pack() -> None:
    for render in (render_cost_config, render_security_config):
        with pytest.raises(SettingsError, match="is no rule of any pack"):
            render(settings("bucket-versionned"))


@pytest.mark.parametrize("name", ["dev", "staging", "prod"])
def test_the_exemptions_of_an_environment_are_of_rules_there_are(name: str) -> None:
    known = load_environment(name, root=ENVIRONMENTS, catalog=load_catalog())
    render_cost_config(known)
    render_security_config(known)
