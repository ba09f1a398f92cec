"""The state of a stack, read past the engine: its version, and the plan that it was last brought to."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from quantos.capacity.resize.ports import Checkpoint
from quantos.deployment.adapters.state_files import state_files
from quantos.deployment.checkpoint import checkpoint_text, state_unreadable
from quantos.errors import StackMissingError

_STACK_TYPE = "pulumi:pulumi:Stack"
_KEY_SERVICE = "cloud"
"""The engine's own word (pulumi v3, `pkg/secrets/cloud`)."""
_Deployment = Mapping[str, Sequence[Mapping[str, Any]]]


def stack_checkpoint(url: str, *, stack: str) -> Checkpoint:
    """The state as it stands. Raises StateUnreadableError where it is none, StackMissingError where there is none."""
    stored = state_files(url).current(stack)
    if stored.content is None:
        raise StackMissingError(f"stack {stack} has no state", remedy="bring the environment up first: `quantos up`")
    try:
        deployment = json.loads(checkpoint_text(stored.content))["checkpoint"]["latest"] or {}
        return Checkpoint(version=stored.mark, plan_id=_plan_id(deployment))
    except (AttributeError, KeyError, TypeError, ValueError) as exc:
        raise state_unreadable(stack, str(exc)) from exc


@dataclass(frozen=True, kw_only=True)
class StateSecrets:
    """What the secrets of a state are encrypted with: a key service, and a data key under it, in base64."""

    provider: str
    encrypted_key: str


def state_secrets(url: str, *, stack: str) -> StateSecrets | None:
    """By what the state's secrets are encrypted; None where it is no key service.

    Raises:
        StateUnreadableError: it is no state. StackMissingError: there is none.
    """
    stored = state_files(url).current(stack)
    if stored.content is None:
        raise StackMissingError(f"stack {stack} has no state", remedy="bring the environment up first: `quantos up`")
    try:
        deployment = json.loads(checkpoint_text(stored.content))["checkpoint"]["latest"] or {}
        stated = deployment.get("secrets_providers") or {}
        if stated.get("type") != _KEY_SERVICE:
            return None
        return StateSecrets(provider=str(stated["state"]["url"]), encrypted_key=str(stated["state"]["encryptedkey"]))
    except (AttributeError, KeyError, TypeError, ValueError) as exc:
        raise state_unreadable(stack, str(exc)) from exc


def _plan_id(deployment: _Deployment) -> str:
    for resource in deployment.get("resources", ()):
        if resource["type"] == _STACK_TYPE:
            return str(resource.get("outputs", {}).get("plan_id", ""))
    return ""
