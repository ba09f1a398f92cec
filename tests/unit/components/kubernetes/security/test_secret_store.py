"""A store reads its own scope, serves whom it is for, and only the operator takes its role."""

import json
from dataclasses import replace

from components.kubernetes.security.external_secrets import ExternalSecretsArgs, take_store_roles, values
from components.kubernetes.security.secret_store import (
    AwsSecretStoreArgs,
    VaultSecretStoreArgs,
    reader_trust,
    statements,
    vault_provider,
)

STORE = AwsSecretStoreArgs(
    store="team-secrets",
    namespace="jobs-research",
    region="us-east-1",
    role_name="quantos-dev-secrets-research",
    reader_role_arn="arn:aws:iam::123456789012:role/quantos-dev-external-secrets",
    secret_arns=("arn:aws:secretsmanager:us-east-1:123456789012:secret:quantos-dev/research/*",),
    kms_key_arn="arn:aws:kms:us-east-1:123456789012:key/k",
    tags={},
)
OPERATOR = ExternalSecretsArgs(
    namespace="external-secrets",
    cluster_name="quantos-dev",
    role_name="quantos-dev-external-secrets",
    store_roles="arn:aws:iam::123456789012:role/quantos-dev-secrets-*",
    replicas=2,
    tags={},
)


def test_a_store_reads_its_scope_and_nothing_else() -> None:
    read, decrypt = statements(STORE, kms_key_arn="key-arn")
    assert read.resources == STORE.secret_arns
    assert {action.partition(":")[2] for action in read.actions} == {"GetSecretValue", "DescribeSecret"}
    assert decrypt.resources == ("key-arn",)
    assert decrypt.conditions == {"StringEquals": {"kms:ViaService": "secretsmanager.us-east-1.amazonaws.com"}}


def test_only_the_operator_takes_the_role_of_a_store() -> None:
    (statement,) = json.loads(reader_trust(STORE.reader_role_arn))["Statement"]
    assert statement["Principal"] == {"AWS": STORE.reader_role_arn}
    assert set(statement["Action"]) == {"sts:AssumeRole", "sts:TagSession"}


def test_the_operators_own_role_reads_no_secret() -> None:
    statement = take_store_roles(OPERATOR.store_roles)
    assert all(action.startswith("sts:") for action in statement.actions)
    assert statement.resources == (OPERATOR.store_roles,)


def test_who_edits_a_namespace_may_not_make_stores() -> None:
    rbac = values(OPERATOR)["rbac"]
    assert isinstance(rbac, dict)
    assert (rbac["aggregateToEdit"], rbac["aggregateToAdmin"]) == (False, False)


def test_one_replica_has_no_disruption_budget_and_two_have() -> None:
    assert values(OPERATOR)["podDisruptionBudget"] == {"enabled": True}
    assert values(replace(OPERATOR, replicas=1))["podDisruptionBudget"] == {"enabled": False}


def test_vault_is_reached_by_tls_as_the_operator() -> None:
    provider = vault_provider(
        VaultSecretStoreArgs(
            store="vault",
            server="https://vault-active.vault:8200",
            mount="secret",
            role="external-secrets",
            vault_namespace="vault",
            authority="vault-tls",
            service_account="external-secrets",
            service_account_namespace="external-secrets",
            served=("harbor",),
        )
    )
    assert str(provider["server"]).startswith("https://")
    assert provider["caProvider"] == {"type": "Secret", "name": "vault-tls", "namespace": "vault", "key": "ca.crt"}
