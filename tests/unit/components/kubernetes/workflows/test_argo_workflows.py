"""Workflows run with what their namespace may do, and only what a node lost is tried again."""

from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any

import pytest

from components.kubernetes.workflows.argo_workflows import (
    Archive,
    ArgoWorkflowsArgs,
    SingleSignOn,
    accounts,
    artifact_statements,
    values,
    workflow_defaults,
)

ARGS = ArgoWorkflowsArgs(
    namespace="argo",
    job_namespaces=("jobs-research", "jobs-risk"),
    cluster_name="quantos-test",
    region="eu-west-1",
    role_prefix="quantos-test",
    artifacts_bucket="artifacts",
    kms_key_arn="arn:aws:kms:eu-west-1:1:key/k",
    archive=Archive(host="db", port=5432, database="argo", secret="quantos-test/argo-archive"),
    retention_days=30,
    address="workflows.test",
    sign_on=None,
    replicas=2,
    tags={},
)


def part(*path: str, args: ArgoWorkflowsArgs = ARGS) -> Any:
    found: Any = values(args)
    for key in path:
        found = found[key]
    return found


def test_no_hook_fetches_definitions_from_the_internet() -> None:
    assert part("crds")["full"] is False


def test_only_job_namespaces_get_an_account_that_runs_steps() -> None:
    assert part("controller", "workflowNamespaces") == ["jobs-research", "jobs-risk"]
    assert part("workflow", "serviceAccount") == {"create": True, "name": "argo-workflow"}
    assert accounts(ARGS)["jobs-risk"] == workflow_defaults()["serviceAccountName"]


@pytest.mark.parametrize(
    ("sign_on", "modes"),
    [(None, ["client"]), (SingleSignOn(issuer="https://id.test", secret="quantos-test/sign-on"), ["client", "sso"])],
)
def test_the_server_answers_by_tls_and_to_the_caller_s_own_rights(
    sign_on: SingleSignOn | None, modes: list[str]
) -> None:
    args = replace(ARGS, sign_on=sign_on)
    assert part("server", "authModes", args=args) == modes
    assert part("server", "secure", args=args) is True


def test_artifacts_are_reached_without_keys_and_encrypted_with_ours() -> None:
    s3 = part("artifactRepository", "s3")
    assert s3["useSDKCreds"] is True
    assert s3["encryptionOptions"] == {"enableEncryption": True, "kmsKeyId": ARGS.kms_key_arn}


def test_a_step_s_files_are_where_its_role_may_write_them() -> None:
    key = part("artifactRepository", "s3", "keyFormat")
    for name, value in {"workflow.namespace": "jobs-risk", "workflow.name": "w", "pod.name": "p"}.items():
        key = key.replace(f"{{{{{name}}}}}", value)
    writable = {
        resource
        for statement in artifact_statements("artifacts", ARGS.kms_key_arn, namespace="jobs-risk")
        if "s3:PutObject" in statement.actions
        for resource in statement.resources
    }
    assert "{" not in key
    assert any(fnmatchcase(f"arn:aws:s3:::artifacts/{key}", pattern) for pattern in writable)


def test_a_team_s_jobs_reach_no_other_team_s_files_and_delete_none() -> None:
    statements = artifact_statements("artifacts", ARGS.kms_key_arn, namespace="jobs-risk")
    objects = [resource for statement in statements for resource in statement.resources if "workflows/" in resource]
    assert objects == ["arn:aws:s3:::artifacts/workflows/jobs-risk/*"]
    assert not any("Delete" in action for statement in statements for action in statement.actions)


def test_the_server_writes_nothing() -> None:
    statements = artifact_statements("artifacts", ARGS.kms_key_arn, namespace=None)
    assert {action for statement in statements for action in statement.actions} == {
        "s3:ListBucket", "s3:GetObject", "kms:Decrypt"
    }  # fmt: skip


def test_a_budget_holds_up_no_drain_of_the_only_replica() -> None:
    assert part("controller", "pdb")["enabled"] is True
    assert part("controller", "pdb", args=replace(ARGS, replicas=1))["enabled"] is False


def test_the_chart_gives_the_server_no_rights() -> None:
    assert part("server", "rbac") == {"create": False}


def test_nothing_is_stated_of_rights_that_the_chart_then_does_not_give() -> None:
    assert "clusterWorkflowTemplates" not in part("server")
