"""Which limit an attempt has exceeded."""

import os
from pathlib import Path

from quantos.orchestration.attempt.ending import MOST_LOG_BYTES, Limits
from quantos.orchestration.attempt.folder import AttemptFolder
from quantos.orchestration.execution.local import Given


def test_a_log_has_a_limit(tmp_path: Path) -> None:
    folder = AttemptFolder(tmp_path)
    folder.log.touch()
    given = Given(cores=1, memory_bytes=2**30, gpus=0, time_ms=600_000)
    limits = Limits(folder=folder, given=given, pids=tuple)
    os.truncate(folder.log, MOST_LOG_BYTES)
    assert limits.exceeded() == ""
    os.truncate(folder.log, MOST_LOG_BYTES + 1)
    assert limits.exceeded() == "wrote more than 256 MiB to its log"
