"""`quantos audit`: whether the chain still proves what it says."""

import getpass
from datetime import datetime

import typer
from pydantic import JsonValue

from cli.console import out
from cli.target import Target, open_target
from quantos.audit.adapters.composition import compose_index, compose_ledger, compose_store
from quantos.audit.ledger import verify_chain
from quantos.contracts.audit import AuditKind, AuditRecord


def verify(environment: str) -> None:
    """Print the verdict on the chain of `environment`. Raises Exit(1) where a link is broken, missing or forked."""
    settings = open_target(environment).settings
    chain = settings.names().audit_chain
    indexed = compose_index(settings).head(chain)
    verdict = verify_chain(compose_store(settings), chain, at_least=indexed.sequence)
    out.print(verdict.sentence, markup=False)
    if not verdict.intact:
        raise typer.Exit(1)


def audited(target: Target, *, kind: AuditKind, subject: str, at: datetime, body: dict[str, JsonValue]) -> None:
    """Record what a person did from the command line, straight into the chain."""
    actor = getpass.getuser()
    record = AuditRecord(
        record_id=f"{kind}/{subject}/{at.isoformat()}/{actor}",
        chain=target.settings.names().audit_chain,
        kind=kind,
        subject=subject,
        actor=actor,
        occurred_at=at,
        body=body,
    )
    compose_ledger(target.settings).append([record])
