"""Vault votes in odd numbers, speaks TLS only, and is set up by what people leave once and itself ever after."""

import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from components.kubernetes.security.vault import VaultArgs, configuration, servers, unseal, values
from components.kubernetes.security.vault_setup import POLICIES, SCRIPT, VaultSetupArgs, digest, job_spec

ARGS = VaultArgs(
    namespace="vault",
    cluster_name="quantos-dev",
    account_id="123456789012",
    region="us-east-1",
    role_name="quantos-dev-vault",
    key_alias="alias/quantos-dev-vault",
    key_deletion_window_days=7,
    deletion_protection=False,
    tls_secret="quantos-dev/services/vault-tls",
    storage_class="gp3-retained",
    storage_gib=10,
    replicas=2,
    tags={},
)
SETUP = VaultSetupArgs(
    namespace="vault",
    reader_namespace="external-secrets",
    address="https://vault-active.vault.svc:8200",
    image="123456789012.dkr.ecr.us-east-1.amazonaws.com/quantos-dev-vault-client@sha256:" + "0" * 64,
    bootstrap_secret="quantos-dev/services/vault-bootstrap",
    labels={},
)
FAKE = """#!/bin/sh
echo "$@" >> "$CALLS"
case "$*" in
  *auth/kubernetes/login*) [ "$KNOWN" = yes ] && echo s.own || exit 2 ;;
  *list*) [ "$KNOWN" = yes ] && echo '{"file/": {}, "stdout/": {}, "kubernetes/": {}, "secret/": {}}' || exit 2 ;;
  *revoke*) echo "revoked $VAULT_TOKEN" >> "$CALLS" ;;
esac
"""


@pytest.mark.parametrize(("replicas", "voting"), [(1, 1), (2, 3), (3, 3), (4, 5)])
def test_an_even_number_of_servers_is_rounded_up(replicas: int, voting: int) -> None:
    assert servers(replicas) == voting
    args = replace(ARGS, replicas=replicas)
    assert configuration(args).count("retry_join") == voting
    server = values(args)["server"]
    assert isinstance(server, dict)
    assert server["ha"]["replicas"] == voting


def test_no_listener_and_no_peer_speaks_without_tls() -> None:
    text = configuration(ARGS)
    assert "tls_disable" not in text
    assert "http://" not in text
    assert values(ARGS)["global"] == {"enabled": True, "tlsDisable": False}


def test_it_unseals_with_its_own_key_and_does_no_more_with_it() -> None:
    assert 'seal "awskms"' in configuration(ARGS)
    assert 'kms_key_id = "alias/quantos-dev-vault"' in configuration(ARGS)
    assert unseal("key-arn").resources == ("key-arn",)
    assert "kms:CreateGrant" not in unseal("key-arn").actions


def run_script(folder: Path, *, known: bool) -> list[str]:
    """The calls that the script makes of a Vault that knows it already, or does not."""
    (folder / "vault").write_text(FAKE)
    (folder / "vault").chmod(0o755)
    (folder / "token").write_text("s.root")
    calls = folder / "calls"
    environment = {
        **os.environ,
        "PATH": f"{folder}:{os.environ['PATH']}",
        "CALLS": str(calls),
        "KNOWN": "yes" if known else "no",
        "OWN_NAMESPACE": "vault",
        "READER_NAMESPACE": "external-secrets",
    }
    script = SCRIPT.replace("/bootstrap/token", str(folder / "token"))
    subprocess.run(["/bin/sh", "-c", script], env=environment, check=True, timeout=20, capture_output=True)
    return calls.read_text().splitlines()


def test_the_first_run_uses_the_peoples_token_and_revokes_it(tmp_path: Path) -> None:
    calls = run_script(tmp_path, known=False)
    assert "audit enable file file_path=/vault/audit/audit.log" in calls
    assert "audit enable -path=stdout file file_path=stdout" in calls
    assert "auth enable kubernetes" in calls
    assert any(call.startswith("write auth/kubernetes/role/vault-setup") for call in calls)
    assert calls[-1] == "revoked s.root"


def test_later_runs_log_in_as_themselves_and_make_nothing_twice(tmp_path: Path) -> None:
    calls = run_script(tmp_path, known=True)
    assert not [call for call in calls if " enable " in f" {call} "]
    assert not [call for call in calls if "role/vault-setup" in call]
    assert any("role/external-secrets" in call and "audience=vault" in call for call in calls)
    assert calls[-1] == "revoked s.own"


def test_the_set_up_may_not_raise_its_own_rights() -> None:
    assert "acl/vault-setup" not in POLICIES["vault-setup"]
    assert "role/vault-setup" not in POLICIES["vault-setup"]


def test_the_job_runs_again_where_it_would_do_anything_else() -> None:
    assert digest(SETUP) == digest(replace(SETUP))
    assert digest(SETUP) != digest(replace(SETUP, address="https://elsewhere:8200"))


def test_the_job_holds_no_token_for_the_api() -> None:
    template = job_spec(SETUP)["template"]
    assert isinstance(template, dict)
    assert template["spec"]["automountServiceAccountToken"] is False
    (projected,) = [volume["projected"] for volume in template["spec"]["volumes"] if "projected" in volume]
    assert projected["sources"][0]["serviceAccountToken"]["audience"] == "vault"
