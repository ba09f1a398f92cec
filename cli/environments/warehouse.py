"""`quantos audit load`: the chain as tables of ClickHouse, in a server or in a folder."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import typer

from cli.console import out
from cli.target import open_target
from quantos.audit.adapters.composition import compose_store
from quantos.orchestration.adapters.clickhouse_http import ClickHouseHttp
from quantos.orchestration.evidence.clickhouse.loading import load as load_links
from quantos.orchestration.evidence.clickhouse.ports import ClickHouse
from sandbox.clickhouse import embedded

PASSWORD: Final = "QUANTOS_CLICKHOUSE_PASSWORD"  # noqa: S105  the variable's name


def load(environment: str, *, url: str, user: str) -> None:
    """Load what is not there yet, and say how much that was. Raises AuditError."""
    with _opened(url, user=user) as clickhouse:
        settings = open_target(environment).settings
        started = time.monotonic()
        loaded = load_links(settings.names().audit_chain, compose_store(settings), clickhouse)
    seconds = time.monotonic() - started
    rate = f", {loaded.links / seconds:,.0f} links/s" if loaded.links else ""
    out.print(f"loaded {loaded.links:,} links into {url} in {seconds:.1f} s{rate}", markup=False, soft_wrap=True)
    for chain, head in loaded.heads.items():
        out.print(f"{chain} stands at link {head.sequence}, {head.digest}", markup=False, soft_wrap=True)


@contextmanager
def _opened(url: str, *, user: str) -> Iterator[ClickHouse]:
    try:
        parts = urlsplit(url)
    except ValueError as exc:
        raise typer.BadParameter(f"{url} is no URL: {exc}", param_hint="--into") from exc
    if parts.scheme == "file" and parts.path.strip("/") and not parts.netloc:
        with embedded(Path(parts.path)) as clickhouse:
            yield clickhouse
    elif parts.scheme in {"http", "https"} and parts.hostname and "@" not in parts.netloc:
        yield ClickHouseHttp(url=url, user=user, password=os.environ.get(PASSWORD, ""))
    else:
        raise typer.BadParameter(
            f"{url} names no ClickHouse: give https://HOST:PORT without a password, or file:///FOLDER",
            param_hint="--into",
        )
