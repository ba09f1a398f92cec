"""`quantos audit load` on an account that holds a chain: what it loads, and how often."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import boto3
import pytest

from quantos.audit.adapters.composition import compose_store
from quantos.audit.adapters.s3_chain import S3ChainStore
from quantos.audit.chain import GENESIS_DIGEST, link
from quantos.contracts.audit import ChainLink
from sandbox.clickhouse import embedded
from tests.support.audit_fakes import make_record
from tests.support.environments import make_settings
from tests.support.loopback import loopback
from tests.support.telemetry_account import telemetry_account
from tests.unit.cli.conftest import Command

NAMES = make_settings().names()


@pytest.fixture
def chain(monkeypatch: pytest.MonkeyPatch) -> Iterator[S3ChainStore]:
    """The chain of `dev`, of two links."""
    settings = make_settings()
    with telemetry_account(monkeypatch, now=datetime(2026, 11, 20, 14, tzinfo=UTC)):
        bucket = NAMES.bucket("audit")
        boto3.client("s3", settings.region).create_bucket(Bucket=bucket, ObjectLockEnabledForBucket=True)
        store = compose_store(settings)
        first = appended(store, None)
        appended(store, first)
        yield store


def appended(store: S3ChainStore, previous: ChainLink | None, *, digest: str = "") -> ChainLink:
    sequence = 1 if previous is None else previous.sequence + 1
    before = digest or (GENESIS_DIGEST if previous is None else previous.digest)
    made = link(make_record(sequence), sequence=sequence, previous_digest=before, chain=NAMES.audit_chain)
    assert store.put(made)
    return made


def rows(folder: Path) -> str:
    with embedded(folder) as clickhouse:
        return clickhouse.run("SELECT count(DISTINCT record_id) FROM quantos.audit_links").decode().strip()


def test_what_is_new_is_loaded_and_said_and_nothing_again(
    quantos: Command, chain: S3ChainStore, tmp_path: Path
) -> None:
    into = ("audit", "load", "dev", "--into", f"file://{tmp_path}/warehouse")
    said = quantos(*into)
    assert said.code == 0, said.err
    assert "loaded 2 links" in said.out
    assert "links/s" in said.out
    assert f"{NAMES.audit_chain} stands at link 2" in said.out
    (last,) = list(chain.links(NAMES.audit_chain, after=1))
    appended(chain, last)
    assert "loaded 1 links" in quantos(*into).out
    assert "loaded 0 links" in quantos(*into).out
    assert rows(tmp_path / "warehouse") == "3"


def test_a_chain_that_does_not_follow_is_not_loaded(quantos: Command, chain: S3ChainStore, tmp_path: Path) -> None:
    (last,) = list(chain.links(NAMES.audit_chain, after=1))
    appended(chain, last, digest="0" * 64)
    said = quantos("audit", "load", "dev", "--into", f"file://{tmp_path}/warehouse")
    assert said.code == 1
    assert "cannot be loaded" in said.err
    assert rows(tmp_path / "warehouse") == "0"


@pytest.mark.usefixtures("chain")
def test_a_server_is_asked_with_the_password_of_the_variable(quantos: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUANTOS_CLICKHOUSE_PASSWORD", "p4")
    with loopback(lambda path, body: (500, b"no")) as server:
        said = quantos("audit", "load", "dev", "--into", server.url, "--user", "loader")
    (_, headers, _) = server.requests[0]
    assert (headers["x-clickhouse-user"], headers["x-clickhouse-key"]) == ("loader", "p4")
    assert (said.code, "p4" in said.err + said.out) == (1, False)


@pytest.mark.parametrize("url", ["clickhouse", "file://host/folder", "https://me:secret@host", "http://[", "file:///"])
def test_what_names_no_clickhouse_is_wrong_usage(quantos: Command, url: str) -> None:
    assert quantos("audit", "load", "dev", "--into", url).code == 2
