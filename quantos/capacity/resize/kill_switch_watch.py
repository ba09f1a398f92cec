"""The kill switch, watched while the engine works."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from quantos.capacity.resize.acceptance import refuse_paused
from quantos.capacity.resize.ports import SwitchStore
from quantos.deployment.stop_order import StopOrder
from quantos.errors import QuantosError

POLL_SECONDS: Final = 1.0


@contextmanager
def watched(switches: SwitchStore, stack: str, order: StopOrder) -> Iterator[None]:
    """Interrupt the engine of the block as soon as the switch is seen thrown. A read that fails is tried again."""
    done = threading.Event()

    def watch() -> None:
        while not done.wait(POLL_SECONDS):
            try:
                switch = switches.read(stack)
            except QuantosError:
                continue
            if switch.paused:
                order.interrupt(refuse_paused(switch).reason)
                return

    watcher = threading.Thread(target=watch, name=f"switch-{stack}", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()
