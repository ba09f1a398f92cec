"""The Automation API's stack, without what it reads back after every update."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Literal, TypeAlias

from pulumi import automation as auto
from pulumi.automation._stack import StackInitMode  # the public classmethods make plain stacks only

from quantos.policy.adapters.packs import PolicyPack

Program: TypeAlias = Callable[[], None]
_MODES = {"select": StackInitMode.SELECT, "create or select": StackInitMode.CREATE_OR_SELECT}


class QuietStack(auto.Stack):
    """A stack whose updates end with the update.

    The Automation API reads outputs and history after every `up`: three starts of the CLI, a second together. Here
    what an update did is taken from its events, and where node groups stand from EKS.
    """

    def __init__(
        self, name: str, workspace: auto.LocalWorkspace, *, mode: Literal["select", "create or select"]
    ) -> None:
        self._ended = False
        super().__init__(name, workspace, _MODES[mode])

    def foresee(self, program: Program, *, packs: Sequence[PolicyPack], on_event: auto.OnEvent) -> None:
        """What `update` would do, told by events. Raises CommandError when it fails or a pack refuses."""
        self.preview(
            program=program,
            refresh=True,
            policy_packs=[str(pack.path) for pack in packs],
            policy_pack_configs=[str(pack.config) for pack in packs],
            on_event=on_event,
            color="never",
        )

    def update(self, program: Program, *, packs: Sequence[PolicyPack], on_event: auto.OnEvent) -> None:
        """Refresh, run the program under the packs and apply it. Raises CommandError when it fails or is refused."""
        self._ended = True
        try:
            self.up(
                program=program,
                refresh=True,
                policy_packs=[str(pack.path) for pack in packs],
                policy_pack_configs=[str(pack.config) for pack in packs],
                on_event=on_event,
                color="never",
                show_secrets=False,
            )
        finally:
            self._ended = False

    def take_down(self, *, on_event: auto.OnEvent) -> None:
        """Refresh and destroy everything, and forget the stack. Raises CommandError when it fails."""
        self._ended = True
        try:
            self.destroy(refresh=True, remove=True, on_event=on_event, color="never", show_secrets=False)
        finally:
            self._ended = False

    def outputs(self) -> auto.OutputMap:
        """Outputs of the last update; nothing at the end of `update`."""
        return {} if self._ended else super().outputs()

    def info(self, show_secrets: bool = True) -> auto.UpdateSummary | None:  # noqa: FBT001, FBT002  the API's own
        """Summary of the last update; an empty one at the end of `update`."""
        if not self._ended:
            return super().info(show_secrets)
        now = datetime.now(tz=UTC)
        return auto.UpdateSummary(
            kind="update", start_time=now, message="", environment={}, config={}, result="succeeded"
        )
