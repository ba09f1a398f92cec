"""A provider plugin as a process: serves gRPC on loopback, says its port, ends with the engine that started it."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import grpc

PARENT_POLL_SECONDS = 1.0
WORKERS = 24
MESSAGE_BYTES = 400 * 1024 * 1024
"""The engine's own limit on a gRPC message (pulumi sdk, rpcutil)."""


def end_with_engine() -> None:
    """End this process when the engine that started it says so by SIGINT, or is gone, however it ended.

    The engine ends its plugins one after the other, when nothing is left to do, and waits for each. The kernel's
    parent-death signal is no use: it follows the parent's thread, and Go ends threads at will.
    """
    signal.signal(signal.SIGINT, lambda _signal, _frame: os._exit(0))
    threading.Thread(target=_end_without, args=(os.getppid(),), daemon=True).start()


def _end_without(parent_pid: int) -> None:
    while os.getppid() == parent_pid:
        time.sleep(PARENT_POLL_SECONDS)
    os._exit(0)


def serve(register: Callable[[grpc.Server], None]) -> None:
    """Serve until the engine ends it; `register` adds the provider to the server. Prints the port first."""
    end_with_engine()
    server = grpc.server(
        ThreadPoolExecutor(max_workers=WORKERS),
        options=[
            ("grpc.max_receive_message_length", MESSAGE_BYTES),
            ("grpc.max_send_message_length", MESSAGE_BYTES),
        ],
    )
    register(server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    server.wait_for_termination()
