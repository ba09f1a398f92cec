"""What the Automation API raises, and the engine's own words for why."""

import subprocess
from typing import Final

import grpc
from pulumi.automation.errors import CommandError, InvalidVersionError

from quantos.translation import Vendor


def last_line(exc: CommandError) -> str:
    """The engine's own last word on why a command failed."""
    lines = [line.strip() for line in str(exc).splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("error:")]
    return (errors or lines or ["the engine ended without a word"])[-1]


def _last_word(error: Exception) -> str:
    return last_line(error) if isinstance(error, CommandError) else str(error)


PULUMI: Final = Vendor(
    raises=(CommandError, InvalidVersionError, grpc.RpcError, OSError, subprocess.SubprocessError), reason=_last_word
)
"""What the Automation API raises: the engine failed, is too old, or is gone."""
