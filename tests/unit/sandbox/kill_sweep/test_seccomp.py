"""Texts in the memory of a process whose call is held."""

import ctypes
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.kill_sweep.seccomp import _read, text_at, texts_at


@pytest.fixture
def dead() -> Iterator[int]:
    """A process that has ended and that nobody has waited for: it has an entry, and no memory any more."""
    child = subprocess.Popen([sys.executable, "-I", "-c", ""])
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    yield child.pid
    child.wait()


def test_a_text_is_read_to_its_end_over_pages() -> None:
    text = b"x" * 10_000
    buffer = ctypes.create_string_buffer(text)
    assert text_at(os.getpid(), ctypes.addressof(buffer)) == text.decode()


def test_texts_are_read_to_the_null_pointer() -> None:
    arguments = (ctypes.c_char_p * 3)(b"pulumi", b"up", None)
    assert texts_at(os.getpid(), ctypes.addressof(arguments)) == ("pulumi", "up")


def test_a_process_that_has_died_is_not_waited_for(dead: int) -> None:
    buffer = ctypes.create_string_buffer(b"path")
    with pytest.raises(OSError, match=r"."):
        text_at(dead, ctypes.addressof(buffer))


def test_memory_of_a_process_that_dies_while_it_is_read_is_no_empty_text() -> None:
    child = subprocess.Popen([sys.executable, "-I", "-c", "import time; time.sleep(60)"])
    with Path(f"/proc/{child.pid}/mem").open("rb", buffering=0) as memory:
        child.kill()
        child.wait()
        memory.seek(4096)
        assert memory.read(8) == b""
        with pytest.raises(ProcessLookupError):
            _read(memory, 4096, 8)
