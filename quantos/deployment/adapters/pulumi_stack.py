"""The Automation API's stack, without what it reads back after every update."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent import futures
from datetime import UTC, datetime
from tempfile import TemporaryDirectory
from typing import Literal, TypeAlias

import grpc
from google.protobuf.empty_pb2 import Empty
from pulumi import automation as auto
from pulumi.automation._stack import StackInitMode, _EventsServicer  # the public classmethods make plain stacks only
from pulumi.runtime.proto import events_pb2, events_pb2_grpc

from quantos.policy.adapters.packs import PolicyPack

Program: TypeAlias = Callable[[], None]
RawEvent: TypeAlias = Mapping[str, object]
EventListener: TypeAlias = Callable[[RawEvent], None]
EventLogSetup: TypeAlias = (
    "tuple[str, threading.Thread | None, threading.Event | None, TemporaryDirectory[str] | None, grpc.Server | None]"
)
_MODES = {"select": StackInitMode.SELECT, "create or select": StackInitMode.CREATE_OR_SELECT}


class QuietStack(auto.Stack):
    """A stack whose updates end with the update.

    The Automation API reads outputs and history after every `up`: three starts of the CLI, a second together. Here
    what an update did is taken from its events, and where node groups stand from EKS.

    `listener` is told every event as the engine wrote it; the Automation API leaves out those about rules that ran.
    """

    def __init__(
        self,
        name: str,
        workspace: auto.LocalWorkspace,
        *,
        mode: Literal["select", "create or select"],
        listener: EventListener | None = None,
    ) -> None:
        self._ended = False
        self._listener = listener
        super().__init__(name, workspace, _MODES[mode])

    def preview_under_packs(self, program: Program, *, packs: Sequence[PolicyPack], on_event: auto.OnEvent) -> None:
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

    def read_back(self, *, on_event: auto.OnEvent) -> None:
        """Take over into the state what stands; nothing that stands is changed. Raises CommandError when it fails."""
        self._ended = True
        try:
            self.refresh(on_event=on_event, color="never", show_secrets=False)
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

    def _setup_event_log(self, command: str, on_event: auto.OnEvent, pulumi_version: str) -> EventLogSetup:
        if self._listener is None:
            return super()._setup_event_log(command, on_event, pulumi_version)
        server = grpc.server(futures.ThreadPoolExecutor(max_workers=4), options=[(_LONGEST, -1)])
        events_pb2_grpc.add_EventsServicer_to_server(_WholeEvents(on_event, self._listener), server)
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        return f"tcp://127.0.0.1:{port}", None, None, None, server


_LONGEST = "grpc.max_receive_message_length"


class _WholeEvents(_EventsServicer):
    """Hands each event to a listener before the Automation API reads its part of it."""

    def __init__(self, on_event: auto.OnEvent, listener: EventListener) -> None:
        super().__init__(on_event)
        self._listener = listener

    def StreamEvents(  # noqa: N802  the service's own name
        self, request_iterator: Iterator[events_pb2.EventRequest], context: grpc.ServicerContext
    ) -> Empty:
        """Take the events of one operation."""
        return super().StreamEvents(self._forwarded(request_iterator), context)

    def _forwarded(self, requests: Iterator[events_pb2.EventRequest]) -> Iterator[events_pb2.EventRequest]:
        for request in requests:
            self._listener(json.loads(request.event))
            yield request
