"""Tells a state that cannot be loaded from every other way in which the engine fails."""

from typing import Final

from pulumi.automation.errors import CommandError

from quantos.deployment.adapters.state_files import state_files
from quantos.deployment.checkpoint import state_unreadable
from quantos.deployment.state_versions import StateFiles, ensure_readable
from quantos.environment.names import LAYERS, environment_of
from quantos.errors import StateUnreadableError

ENGINE_WORDS: Final = (
    "failed to load checkpoint",
    "snapshot integrity failure",
    "could not deserialize deployment",
    "corrupt store",
    'read ".pulumi/meta.yaml"',
)
"""How the engine says it (pulumi v3, `pkg/backend/diy/state.go`, `meta.go`, `pkg/cmd/pulumi/stack/io.go`)."""


def ensure_loadable(url: str, stack: str) -> None:
    """Raise StateUnreadableError where the engine could not load a stack's state, or would take it for a new one."""
    ensure_readable(state_files(url), stack)


def unloadable(exc: CommandError, *, url: str, stack: str) -> StateUnreadableError | None:
    """The error of the state for which the engine failed: the stack's own, or that of a layer it reads from.

    None where it failed for anything else.
    """
    words = str(exc)
    if not any(phrase in words for phrase in ENGINE_WORDS):
        return None
    files = state_files(url)
    others = (f"{environment_of(stack)}-{layer}" for layer in LAYERS)
    for each in (stack, *others):
        if error := _unreadable(files, each):
            return error
    return state_unreadable(stack, _said(words))


def _unreadable(files: StateFiles, stack: str) -> StateUnreadableError | None:
    try:
        ensure_readable(files, stack)
    except StateUnreadableError as exc:
        return exc
    return None


def _said(words: str) -> str:
    lines = [line.strip() for line in words.splitlines()]
    return next(line for line in lines if any(phrase in line for phrase in ENGINE_WORDS))
