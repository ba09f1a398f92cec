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


def end_with_parent(parent_pid: int, *, stop: Callable[[], None]) -> None:
    """Watch the process which started this one and stop when it is gone, however it ended.

    The kernel's parent-death signal is no use: it follows the parent's thread, and Go ends threads at will.
    """
    while os.getppid() == parent_pid:
        time.sleep(PARENT_POLL_SECONDS)
    stop()


def serve(register: Callable[[grpc.Server], None]) -> None:
    """Serve until the engine is gone; `register` adds the provider to the server. Prints the port first.

    The engine ends its plugins one after the other by SIGINT, when nothing is left to do: this one then goes at once.
    """
    parent_pid = os.getppid()
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
    signal.signal(signal.SIGINT, lambda _signal, _frame: os._exit(0))
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    threading.Thread(
        target=end_with_parent, args=(parent_pid,), kwargs={"stop": lambda: os._exit(0)}, daemon=True
    ).start()
    server.wait_for_termination()
