"""One stack in one backend through the Automation API: selected, and what its engine fails with told apart."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from pulumi import automation as auto
from pulumi.automation.errors import CommandError, ConcurrentUpdateError, StackNotFoundError

from quantos.deployment.adapters.engine_failure import PULUMI
from quantos.deployment.adapters.pulumi_stack import EventListener, QuietStack
from quantos.deployment.adapters.state_check import unloadable
from quantos.errors import EngineBusyError, EngineError, StackMissingError
from quantos.translation import translated

DOCTOR = "run `quantos doctor`"


@dataclass(frozen=True)
class StackAccess:
    """A stack by its name, and the URL of the backend that holds it."""

    stack: str
    url: str

    def selected(
        self,
        workspace: auto.LocalWorkspace,
        *,
        mode: Literal["select", "create or select"],
        listener: EventListener | None = None,
    ) -> QuietStack:
        """The Automation API's stack.

        Raises:
            StackMissingError: there is none, and it is not to be made. StateUnreadableError: its state cannot be
                loaded. EngineError: the engine is absent or failed.
        """
        with translated(PULUMI, into=EngineError, what=f"stack {self.stack} could not be selected", remedy=DOCTOR):
            try:
                return QuietStack(self.stack, workspace, mode=mode, listener=listener)
            except StackNotFoundError as exc:
                raise StackMissingError(
                    f"there is no stack {self.stack}", remedy="bring it up first: `quantos up`"
                ) from exc
            except CommandError as exc:
                self._raise_unreadable(exc)
                raise

    @contextmanager
    def operating(self, *, busy: str) -> Iterator[None]:
        """Tell of an operation that another holds the stack, or that its state cannot be loaded.

        Args:
            busy: what to do where another operation holds it.

        Raises:
            EngineBusyError, StateUnreadableError: so. CommandError: the engine failed in any other way.
        """
        try:
            yield
        except ConcurrentUpdateError as exc:
            raise EngineBusyError(f"another operation holds {self.stack} in the backend", remedy=busy) from exc
        except CommandError as exc:
            self._raise_unreadable(exc)
            raise

    def _raise_unreadable(self, exc: CommandError) -> None:
        if unreadable := unloadable(exc, url=self.url, stack=self.stack):
            raise unreadable from exc
