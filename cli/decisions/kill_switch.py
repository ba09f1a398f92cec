"""`quantos pause` and `resume`: the kill switch."""

import typer

from cli.caller import caller
from cli.console import err, out
from cli.recorded import Change, recorded
from cli.target import Target, open_target
from quantos.capacity.adapters.stores import compose_switches
from quantos.capacity.resize.ports import Switch
from quantos.errors import AuditError


def pause(environment: str, reason: str) -> None:
    """Throw the switch in the name of who runs this, and record it. Raises BadParameter without a reason.

    A pause that cannot be recorded holds all the same, since it is what keeps harm off. Raises Exit(1) then.
    """
    if not reason.strip():
        raise typer.BadParameter("say why: it is shown on every plan", param_hint="--reason")
    target = open_target(environment)
    switch = Switch(paused=True, actor=caller(target), reason=reason)
    before = compose_switches(target.settings).read(target.capacity_stack)
    unrecorded: AuditError | None = None
    try:
        _throw(target, before, switch)
    except AuditError as exc:
        unrecorded = exc
        compose_switches(target.settings).throw(target.capacity_stack, switch)
    out.print(f"paused: {reason}{_instead_of(before) if before.paused else ''}", markup=False)
    if unrecorded is not None:
        err.print(f"paused, and not recorded: {unrecorded}. {unrecorded.remedy}", style="red", markup=False)
        raise typer.Exit(1)


def resume(environment: str) -> None:
    """Release the switch, and record it. Raises AuditError where it cannot be recorded: then it stays."""
    target = open_target(environment)
    before = compose_switches(target.settings).read(target.capacity_stack)
    _throw(target, before, Switch(paused=False, actor=caller(target), reason=""))
    out.print(f"resumed: the next plan is acted on, and runs are dispatched again{_instead_of(before)}", markup=False)


def _instead_of(before: Switch) -> str:
    return f" (it was paused by {before.actor}: {before.reason})" if before.paused else " (it was not paused)"


def _throw(target: Target, before: Switch, switch: Switch) -> None:
    """Throw or release the switch between the records of what is intended and what is done."""
    change = Change(
        kind="switch",
        subject=target.capacity_stack,
        body={
            "paused": switch.paused,
            "reason": switch.reason,
            "before": {"paused": before.paused, "actor": before.actor, "reason": before.reason},
        },
    )
    with recorded(target, change):
        compose_switches(target.settings).throw(target.capacity_stack, switch)
