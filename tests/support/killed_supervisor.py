"""A supervisor that kills itself after an effect: `python -m tests.support.killed_supervisor STATE HEARD POINT`."""

import os
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path

import boto3

from quantos.orchestration.protocol.rows import Message
from sandbox.execution.archive import WorkspaceArchive
from sandbox.execution.composition import supervisor_of
from sandbox.execution.place import read_place
from tests.support.executors import now_ms


class FileSender:
    """Keeps the kinds of messages, each on a line."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def send(self, message: Message) -> None:
        with self.file.open("a") as file:
            file.write(f"{type(message).__name__}\n")


def main(state: str, heard: str, point: str) -> None:
    place = read_place(Path(state))
    archive = WorkspaceArchive(boto3.client("s3"), place.bucket)
    supervisor = supervisor_of(place, sender=FileSender(Path(heard)), archive=archive, environ=dict(os.environ))

    def die(effect: str) -> None:
        if effect == point:
            os.kill(os.getpid(), signal.SIGKILL)

    supervisor = replace(supervisor, after=die)
    until = time.monotonic() + 20
    while time.monotonic() < until:
        supervisor.step(now_ms=now_ms())
        time.sleep(0.05)


if __name__ == "__main__":
    main(*sys.argv[1:])
