"""The security pack in the real analyzer of the real engine: what passes, what is refused, what is exempted."""

import asyncio
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as k8s
import pytest
from pulumi import automation
from pulumi.automation.events import EngineEvent

from components.aws.storage.bucket import Bucket, BucketArgs
from components.aws.storage.kms_key import KmsKey, KmsKeyArgs
from quantos.catalog.catalog import load_catalog
from quantos.deployment.adapters.pulumi_events import EventLog
from quantos.environment.load import load_environment
from quantos.environment.settings.environment import EnvironmentSettings
from quantos.environment.settings.limits import ExemptionSettings
from quantos.policy.config import render_security_config
from quantos.policy.exemptions import EXEMPTION_NEEDED
from quantos.policy.security.rules import PACK
from sandbox.engine.locate import find_engine
from sandbox.engine.version import PINNED_VERSION, parse_version
from sandbox.lifecycle import Sandbox

pytestmark = pytest.mark.engine

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "policy_packs" / "security"
SETTINGS = load_environment("dev", root=ROOT / "stacks" / "environments", catalog=load_catalog())
POD = {"containers": [{"name": "main", "image": "busybox", "securityContext": {"privileged": True}}]}


@dataclass
class Judged:
    """What the analyzer said of one operation."""

    failed: bool
    log: EventLog = field(default_factory=EventLog)
    advice: list[str] = field(default_factory=list)

    @property
    def rules(self) -> set[str]:
        return {violation.rule for violation in self.log.violations}


def exemption(rule: str, *, expires: date) -> ExemptionSettings:
    return ExemptionSettings(
        rule=rule,
        layer="foundation",
        resource="open",
        owner="ada",
        reason="a bucket that a test opens to look",
        expires=expires,
    )


@pytest.fixture
def judge(sandbox: Sandbox, project_names: Iterator[str], tmp_path: Path) -> Callable[..., Judged]:
    """Brings a program up, or previews it, under the security pack."""
    version = find_engine().version
    pack = FOLDER if parse_version(version) < PINNED_VERSION else FOLDER / "analyzer"

    def run(program: Callable[[], None], *, up: bool = False, exempted: tuple[ExemptionSettings, ...] = ()) -> Judged:
        settings: EnvironmentSettings = SETTINGS.model_copy(update={"exemptions": exempted})
        config = tmp_path / "security.json"
        config.write_text(json.dumps(render_security_config(settings)), encoding="utf-8")
        asyncio.set_event_loop(asyncio.new_event_loop())
        made = automation.create_or_select_stack("dev-foundation", project_name=next(project_names), program=program)
        judged, events = Judged(failed=False), list[EngineEvent]()
        try:
            (made.up if up else made.preview)(
                on_event=events.append, policy_packs=[str(pack)], policy_pack_configs=[str(config)]
            )
        except automation.CommandError:
            judged.failed = True
        for event in events:
            judged.log.add(event)
            if event.policy_event is not None and event.policy_event.enforcement_level == "advisory":
                judged.advice.append(f"{event.policy_event.policy_name}: {event.policy_event.message}")
        return judged

    return run


def guarded() -> None:
    """A bucket by the project's own component, with its key."""
    tags = SETTINGS.tags()
    key = KmsKey(
        "data",
        KmsKeyArgs(
            alias="alias/guarded",
            description="d",
            purpose="encrypt",
            account_id=SETTINGS.account_id,
            deletion_window_days=7,
            tags=tags,
        ),
    )
    Bucket(
        "guarded",
        BucketArgs(
            bucket_name="quantos-guarded",
            kms_key_arn=key.arn,
            keep_noncurrent_days=7,
            deletion_protection=False,
            tags=tags,
        ),
    )


def open_bucket() -> None:
    bucket = aws.s3.Bucket("open", bucket="quantos-open")
    aws.s3.BucketPublicAccessBlock("open", bucket=bucket.bucket, block_public_acls=True, block_public_policy=False)


def test_a_bucket_of_the_projects_own_passes_to_the_end(judge: Callable) -> None:
    judged = judge(guarded, up=True)
    assert (judged.failed, judged.log.violations, judged.log.unchecked) == (False, [], [])


def test_a_public_bucket_is_refused_with_remedy_and_control(judge: Callable) -> None:
    judged = judge(open_bucket)
    assert judged.failed
    (violation,) = [one for one in judged.log.violations if one.rule == "bucket-public-access-block"]
    assert violation.pack == PACK
    assert violation.message.startswith(
        "open leaves blockPublicPolicy, ignorePublicAcls, restrictPublicBuckets off. Set"
    )
    assert "s3-controls.html#s3-8" in violation.message


def test_a_bucket_without_its_guards_is_refused(judge: Callable) -> None:
    assert judge(lambda: aws.s3.Bucket("bare", bucket="quantos-bare")).rules == {
        "bucket-has-encryption", "bucket-has-policy", "bucket-has-public-access-block", "bucket-has-versioning",
    }  # fmt: skip


def test_a_privileged_pod_in_a_plain_deployment_is_refused(judge: Callable) -> None:
    def program() -> None:
        k8s.apps.v1.Deployment(
            "x",
            metadata={"namespace": "jobs-research"},
            spec={
                "selector": {"match_labels": {"app": "x"}},
                "template": {"metadata": {"labels": {"app": "x"}}, "spec": POD},
            },
        )

    rules = judge(program).rules
    assert {"pod-not-privileged", "pod-non-root", "pod-image-digest", "pod-service-account-token"} <= rules
    assert "pod-namespace" not in rules


def test_an_exemption_lets_off_one_rule_until_its_last_day(judge: Callable) -> None:
    idle = exemption("bucket-owner-enforced", expires=date(2999, 1, 1))
    judged = judge(open_bucket, exempted=(exemption("bucket-public-access-block", expires=date(2999, 1, 1)), idle))
    assert "bucket-public-access-block" not in judged.rules
    assert "bucket-has-policy" in judged.rules
    (advice,) = [one for one in judged.advice if one.startswith(EXEMPTION_NEEDED)]
    assert "nothing that matches open breaks bucket-owner-enforced" in advice
    expired = judge(open_bucket, exempted=(exemption("bucket-public-access-block", expires=date(2000, 1, 1)),))
    (violation,) = [one for one in expired.log.violations if one.rule == "bucket-public-access-block"]
    assert "Its exemption by ada" in violation.message
    assert "expired on 2000-01-01" in violation.message


def test_what_is_not_known_yet_keeps_only_the_rules_that_ask_for_it(judge: Callable) -> None:
    def program() -> None:
        topic = aws.sns.Topic("t", kms_master_key_id="alias/x")
        aws.sqs.Queue("q", kms_master_key_id=topic.arn, name=pulumi.Output.concat(topic.id))

    judged = judge(program)
    told = " ".join(judged.log.unchecked)
    assert "can't run policy 'queue-customer-key'" in told
    assert "topic-customer-key" not in told


def test_policies_attachments_and_entries_are_judged_by_what_they_say(judge: Callable) -> None:
    def program() -> None:
        anybody = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
        stranger = {"StringNotEquals": {"aws:PrincipalAccount": SETTINGS.account_id}}
        trust = json.dumps({"Version": "2012-10-17", "Statement": [{**anybody, "Condition": stranger}]})
        role = aws.iam.Role("r", name="r", assume_role_policy=trust)
        passes = {"Effect": "Allow", "Action": "iam:PassRole", "Resource": f"arn:aws:iam::{SETTINGS.account_id}:role/*"}
        hides = {"Effect": "Allow", "Action": "iam:Put?olePolicy", "Resource": "arn:aws:s3:::*/*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [passes, hides]})
        aws.iam.RolePolicy("p", name="p", role=role.name, policy=document)
        aws.eks.AccessEntry("e", cluster_name="c", principal_arn="arn:aws:iam::999988887777:role/helper")

    rules = judge(program).rules
    assert {"iam-named-principals", "iam-trust", "iam-named-actions", "iam-named-resources"} <= rules
    assert {"iam-named-privileges", "iam-own-grantees"} <= rules


def test_a_type_is_judged_by_each_of_its_names_and_an_unknown_one_is_refused(judge: Callable) -> None:
    def program() -> None:  # as components, since the sandbox's provider knows neither
        pulumi.ComponentResource("aws:alb/loadBalancer:LoadBalancer", "front", {"internal": False})
        pulumi.ComponentResource("aws:redshift/cluster:Cluster", "dwh", {"nodeType": "ra3.large"})

    judged = judge(program)
    assert {"load-balancer-internal", "type-known"} <= judged.rules
    (unknown,) = [one for one in judged.log.violations if one.rule == "type-known"]
    assert "aws:redshift/cluster:Cluster" in unknown.message
