"""`quantos pause` and `resume`: the kill switch."""

import getpass
from datetime import UTC, datetime

from pydantic import JsonValue

from cli.audit import audited
from cli.console import out
from cli.target import open_target
from quantos.capacity.adapters.stores import compose_switches
from quantos.capacity.ports import Switch


def pause(environment: str, reason: str) -> None:
    """Throw the switch in the name of who runs this, and record it."""
    _throw(environment, Switch(paused=True, actor=getpass.getuser(), reason=reason))
    out.print(f"paused: {reason}")


def resume(environment: str) -> None:
    """Release the switch, and record it."""
    _throw(environment, Switch(paused=False, actor=getpass.getuser(), reason=""))
    out.print("resumed: the next plan is acted on")


def _throw(environment: str, switch: Switch) -> None:
    target = open_target(environment)
    compose_switches(target.settings).throw(target.capacity_stack, switch)
    body: dict[str, JsonValue] = {"paused": switch.paused, "reason": switch.reason}
    audited(target, kind="switch", subject=target.capacity_stack, at=datetime.now(tz=UTC), body=body)
