"""`quantos audit`: whether the chain still proves what it says, and one that goes on where it cannot."""

import re
from collections.abc import Sequence
from typing import Final

import typer

from cli.caller import caller
from cli.console import out
from cli.target import open_target
from quantos.audit.adapters.composition import compose_auditor
from quantos.audit.chain import chain_of
from quantos.audit.verification import Known
from quantos.clock import utc_now

_ANCHOR: Final = re.compile(r"(?:(?P<chain>[a-z][a-z0-9.-]*)/)?(?P<sequence>[1-9][0-9]{0,11}):(?P<digest>[0-9a-f]{64})")


def verify(environment: str, *, anchors: Sequence[str]) -> None:
    """Print the verdict on the chain of `environment`. Raises Exit(1) where anything is wrong with it."""
    settings = open_target(environment).settings
    given = [_known(text, chain=settings.names().audit_chain) for text in anchors]
    verdict = compose_auditor(settings).verify(given)
    for line in verdict.lines:
        out.print(line, markup=False, soft_wrap=True)
    if not verdict.intact:
        raise typer.Exit(1)
    if verdict.anchor:
        out.print(f"Keep this elsewhere, for --anchor: {verdict.anchor}", markup=False, soft_wrap=True)


def succeed(environment: str, *, reason: str) -> None:
    """Begin the successor of a chain that has a fault. Raises AuditError where it has none."""
    if not reason.strip():
        raise typer.BadParameter("say why: it is the successor's first record", param_hint="--reason")
    target = open_target(environment)
    begun = compose_auditor(target.settings).succeed(reason=reason, actor=caller(target), at=utc_now())
    out.print(begun.sentence, markup=False, soft_wrap=True)


def _known(text: str, *, chain: str) -> Known:
    match = _ANCHOR.fullmatch(text)
    if match is None or chain_of(match["chain"] or chain) != chain:
        raise typer.BadParameter(
            f"{text} is no anchor of {chain}: give [CHAIN/]SEQUENCE:DIGEST as `verify` printed it",
            param_hint="--anchor",
        )
    return Known(match["chain"] or chain, int(match["sequence"]), match["digest"])
