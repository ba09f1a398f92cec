"""The network of a container, which is loopback and nothing else, reached from outside for what it may speak with.

A socket belongs to the network in which it was made, whoever uses it then; a thread of its own makes it there.
"""

import ctypes
import os
import socket
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, TypeVar

from images.errors import ImageError

T = TypeVar("T")
LOOPBACK: Final = "127.0.0.1"
_NEW_NETWORK: Final = 0x40000000
_BACKLOG: Final = 64
_CHUNK: Final = 1 << 16


@dataclass(frozen=True)
class ContainerNetwork:
    """The network that a process lives in."""

    pid: int

    def connect(self, port: int) -> socket.socket:
        """A connection to a port on the loopback of the network. Raises OSError where nobody listens."""
        return self._inside(lambda: socket.create_connection((LOOPBACK, port)))

    def forward(self, port: int, *, to: int) -> "Forwarding":
        """Carry connections to a port in the network on to a port of this machine's loopback."""
        listener = self._inside(lambda: socket.create_server((LOOPBACK, port), backlog=_BACKLOG))
        forwarding = Forwarding(listener, to)
        forwarding.start()
        return forwarding

    def _inside(self, make: Callable[[], T]) -> T:
        """What `make` gives in a thread that has entered the network, and ends."""
        with ThreadPoolExecutor(max_workers=1) as thread:
            return thread.submit(self._entered, make).result()

    def _entered(self, make: Callable[[], T]) -> T:
        libc = ctypes.CDLL(None, use_errno=True)
        descriptor = os.open(f"/proc/{self.pid}/ns/net", os.O_RDONLY)
        try:
            if libc.setns(descriptor, _NEW_NETWORK) != 0:
                reason = os.strerror(ctypes.get_errno())
                raise ImageError(f"the network of a container cannot be entered: {reason}", remedy="run it as root")
        finally:
            os.close(descriptor)
        return make()


class Forwarding(threading.Thread):
    """Connections that are carried on until it is closed."""

    def __init__(self, listener: socket.socket, port: int) -> None:
        super().__init__(daemon=True)
        self._listener = listener
        self._port = port

    def run(self) -> None:
        """Accept until the listener is closed."""
        while True:
            try:
                inner, _ = self._listener.accept()
            except OSError:
                return
            try:
                outer = socket.create_connection((LOOPBACK, self._port))
            except OSError:
                inner.close()
                continue
            for source, target in ((inner, outer), (outer, inner)):
                threading.Thread(target=_carry, args=(source, target), daemon=True).start()

    def close(self) -> None:
        """Take no more connections."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


def _carry(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while chunk := source.recv(_CHUNK):
            target.sendall(chunk)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
