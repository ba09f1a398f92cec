"""Keeps an attempt's log while it runs, part by part, and shows that its worker is alive."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from quantos.errors import OrchestrationError
from quantos.orchestration.adapters.workspace_archive import WorkspaceArchive
from quantos.orchestration.attempt.folder import AttemptFolder
from quantos.orchestration.logs.ports import MOST_PART_BYTES

INTERVAL_S: Final = 0.5
_LOGGER: Final = logging.getLogger(__name__)


@dataclass
class LogShipper:
    """One attempt's. What cannot be kept now is kept later, or once the attempt has ended."""

    archive: WorkspaceArchive
    folder: AttemptFolder
    name: str
    parts: int = 0
    offset: int = 0

    def ship(self) -> None:
        """Keep whole lines that came since, and longer ones in pieces."""
        with self.folder.log.open("rb") as file:
            file.seek(self.offset)
            while part := _whole_lines(file.read(MOST_PART_BYTES)):
                self.archive.put_log(self.name, self.parts, part=part)
                self.parts, self.offset = self.parts + 1, self.offset + len(part)
                file.seek(self.offset)

    @contextmanager
    def shipping(self, beat: Callable[[], None]) -> Iterator[None]:
        """Ship in the background until the block ends."""
        ended = threading.Event()

        def loop() -> None:
            while not ended.wait(INTERVAL_S):
                beat()
                try:
                    self.ship()
                except OrchestrationError as error:
                    _LOGGER.warning("the log is kept later: %s", error.what)

        thread = threading.Thread(target=loop, daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()


def _whole_lines(part: bytes) -> bytes:
    return part if len(part) == MOST_PART_BYTES else part[: part.rfind(b"\n") + 1]
