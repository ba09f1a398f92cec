"""What a pack's process needs of itself: to tell its port at once, and to end when its engine is gone."""

import io
import os
import signal
import sys
import threading
import time

POLL_SECONDS = 1.0


def serve_one_engine() -> None:
    """Write standard output through, and end this process when it is told to or the one that started it has gone.

    The pack SDK writes its port without flushing it, and an engine waits for it without end; an engine that was
    killed cannot end its packs. One that is done sends SIGINT and waits for what Python then tears down.
    """
    sys.stdout = io.TextIOWrapper(io.FileIO(1, "wb", closefd=False), write_through=True)
    signal.signal(signal.SIGINT, lambda _signal, _frame: os._exit(0))
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(POLL_SECONDS)
    os._exit(0)
