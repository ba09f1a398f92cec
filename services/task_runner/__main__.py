"""Runs the attempt of its pod: `python -m services.task_runner`. Exit code 0 where it succeeded."""

import os
import sys
from pathlib import Path
from typing import Final

import boto3

from quantos.errors import QuantosError
from quantos.orchestration.attempt.in_pod import read_pod_place, run_in_pod
from quantos.orchestration.cluster.names import ORDER_FILE, ORDER_FOLDER, WORK_FOLDER
from quantos.orchestration.cluster.pods import read_order

LAST_WORDS: Final = "/dev/termination-log"
"""What the kubelet takes as the container's own message."""


def run(order: Path, *, work: Path, last_words: Path) -> int:
    """Run what a file asks, say in another how it ended, and return the exit code."""
    try:
        place = read_pod_place(os.environ, work=work)
        report = run_in_pod(read_order(order.read_bytes()), place, boto3.client("s3"))
    except QuantosError as error:
        print(f"{error.what}. {error.remedy}", file=sys.stderr)  # noqa: T201  the container's log
        return 1
    last_words.write_text(report.text(), encoding="utf-8")
    print(f"{report.end} {report.detail}".strip())  # noqa: T201  the container's log
    return 0 if report.end == "succeeded" else 1


if __name__ == "__main__":
    sys.exit(run(Path(ORDER_FOLDER) / ORDER_FILE, work=Path(WORK_FOLDER), last_words=Path(LAST_WORDS)))
