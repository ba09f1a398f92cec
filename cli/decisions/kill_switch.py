"""`quantos pause` and `resume`: the kill switch."""

import getpass
from datetime import UTC, datetime

import typer
from pydantic import JsonValue

from cli.console import out
from cli.environments.audit import audited
from cli.target import open_target
from quantos.capacity.adapters.stores import compose_switches
from quantos.capacity.resize.ports import Switch


def pause(environment: str, reason: str) -> None:
    """Throw the switch in the name of who runs this, and record it. Raises BadParameter without a reason."""
    if not reason.strip():
        raise typer.BadParameter("say why: it is shown on every plan", param_hint="--reason")
    before = _throw(environment, Switch(paused=True, actor=getpass.getuser(), reason=reason))
    out.print(f"paused: {reason}{_instead_of(before) if before.paused else ''}", markup=False)


def resume(environment: str) -> None:
    """Release the switch, and record it."""
    before = _throw(environment, Switch(paused=False, actor=getpass.getuser(), reason=""))
    out.print(f"resumed: the next plan is acted on{_instead_of(before)}", markup=False)


def _instead_of(before: Switch) -> str:
    return f" (it was paused by {before.actor}: {before.reason})" if before.paused else " (it was not paused)"


def _throw(environment: str, switch: Switch) -> Switch:
    """Throw or release the switch, and return how it stood before."""
    target = open_target(environment)
    switches = compose_switches(target.settings)
    before = switches.read(target.capacity_stack)
    switches.throw(target.capacity_stack, switch)
    body: dict[str, JsonValue] = {"paused": switch.paused, "reason": switch.reason}
    audited(target, kind="switch", subject=target.capacity_stack, at=datetime.now(tz=UTC), body=body)
    return before
