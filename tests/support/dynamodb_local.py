"""DynamoDB Local, Amazon's own: transactions of it are isolated. Fetched through Maven once a user, its data in memory.

It listens on every address of this machine, as it offers no other choice, and ends with the process that started it.
"""

import os
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sandbox.jvm import cache_folder, fetch_jars, find_maven, java_candidate, java_version, locked
from sandbox.tether import let_go, start_tethered

VERSION = "2.6.1"
MIN_JAVA = 17
MAIN_CLASS = "com.amazonaws.services.dynamodbv2.local.main.ServerRunner"
OPTIONS = ("-sharedDb", "-disableTelemetry")
START_SECONDS = 60.0


def missing_tools() -> list[str]:
    """What it needs and this machine lacks."""
    java = java_candidate(os.environ)
    missing = [] if java and (java_version(java) or 0) >= MIN_JAVA else [f"Java {MIN_JAVA} or later"]
    if not _folder().is_dir() and find_maven(os.environ) is None:
        missing.append("Maven")
    return missing


@contextmanager
def dynamodb_local() -> Iterator[str]:
    """Its address while the block runs."""
    java = java_candidate(os.environ)
    assert java is not None
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    command = [java, "-Xmx256m", "-XX:+UseSerialGC", "-cp", f"{_jars()}/*", MAIN_CLASS, "-inMemory", *OPTIONS]
    with tempfile.TemporaryDirectory(prefix="quantos-dynamodb-") as name:
        log = Path(name) / "log.txt"
        process = start_tethered([*command, "-port", str(port)], log=log)
        try:
            until = time.monotonic() + START_SECONDS
            while not _listens(port):
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < until, log.read_text()
                time.sleep(0.1)
            yield f"http://127.0.0.1:{port}"
        finally:
            let_go(process)


def _jars() -> Path:
    folder = _folder()
    with locked(folder.parent / "lock"):
        if not folder.is_dir():
            with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".partial-") as name:
                what = f"DynamoDB Local {VERSION}"
                artifact = ("com.amazonaws", "DynamoDBLocal", VERSION)
                fetch_jars([artifact], Path(name), os.environ, what=what, remedy="or leave out the services tests.")
                (Path(name) / "jars").rename(folder)
    return folder


def _folder() -> Path:
    return cache_folder(os.environ, "dynamodb-local") / VERSION


def _listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0
