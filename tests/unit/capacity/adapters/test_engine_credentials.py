"""The engine's credentials on AWS end with the lease, and reach the engine's process and nothing else."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from quantos.capacity.adapters.engine_credentials import LeasedCredentials
from quantos.capacity.adapters.pulumi_engine import PulumiEngine
from quantos.capacity.resize.ports import EngineTerms
from quantos.deployment.holders import EngineMark
from quantos.deployment.stop_order import StopOrder
from tests.support.plan_cases import document

NOW = datetime(2026, 3, 2, 14, 30, tzinfo=UTC)
ROLE = "arn:aws:iam::123456789012:role/quantos-dev-resize"
SCRIPT = """#!/bin/sh
case "$*" in
  *version*) echo v3.259.0 ;;
  *" up "*) echo "$AWS_ACCESS_KEY_ID" > "{seen}"; exit 0 ;;
esac
"""


@pytest.mark.parametrize(("minutes", "seconds"), [(5, 900), (20, 1200), (90, 3600)])
def test_everything_ends_with_the_lease_whatever_the_session_lasts(minutes: int, seconds: int) -> None:
    asked: list[Mapping[str, object]] = []

    def assume_role(**request: object) -> Mapping[str, Mapping[str, str]]:
        asked.append(request)
        return {"Credentials": {"AccessKeyId": "A", "SecretAccessKey": "S", "SessionToken": "T"}}

    variables = LeasedCredentials(assume_role, ROLE, lambda: NOW)(NOW + timedelta(minutes=minutes))

    assert variables == {"AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": "S", "AWS_SESSION_TOKEN": "T"}
    assert (asked[0]["RoleArn"], asked[0]["DurationSeconds"]) == (ROLE, seconds)
    (statement,) = json.loads(str(asked[0]["Policy"]))["Statement"]
    end = NOW + timedelta(minutes=minutes)
    assert statement["Condition"] == {"DateLessThan": {"aws:CurrentTime": end.strftime("%Y-%m-%dT%H:%M:%SZ")}}


def test_sts_takes_the_request_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with mock_aws():
        client = boto3.client("sts", "us-east-1")
        assert set(LeasedCredentials(client.assume_role, ROLE, lambda: NOW)(NOW + timedelta(minutes=5))) == {
            "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
        }  # fmt: skip


def test_the_engine_is_recorded_with_the_end_of_what_it_acts_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = tmp_path / "seen"
    script = tmp_path / "pulumi"
    script.write_text(SCRIPT.format(seen=seen), encoding="utf-8")
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    state = tmp_path / ".pulumi" / "stacks" / "quantos" / "dev-capacity.json"
    state.parent.mkdir(parents=True)
    state.write_text('{"version": 3, "checkpoint": {"latest": null}}', encoding="utf-8")
    recorded: list[EngineMark] = []
    until = NOW + timedelta(minutes=10)
    engine = PulumiEngine(
        stack="dev-capacity",
        program=lambda _document, _raised: None,
        packs=[],
        work_dir=tmp_path / "work",
        environment={"PULUMI_BACKEND_URL": f"file://{tmp_path}", "AWS_ACCESS_KEY_ID": "lasting"},
        order=StopOrder(),
        credentials=lambda end: {"AWS_ACCESS_KEY_ID": f"until {end:%H:%M}"},
    )

    engine.up(document(cpu=2), raised=(), standing={}, terms=EngineTerms(started=recorded.append, until=until))

    assert seen.read_text().strip() == "until 14:40"
    assert [mark.ends_at for mark in recorded] == [until]
