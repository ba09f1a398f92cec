"""AWS's emulator of the Lambda runtime interface, built once from its pinned Go module."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from images.errors import ImageError
from images.layers.store import cache_named
from sandbox.engine.build import go_executable
from sandbox.engine.cache import entry_digest
from sandbox.engine.progress import Reporter

MODULE: Final = Path(__file__).parent / "go"
PACKAGE: Final = "github.com/aws/aws-lambda-runtime-interface-emulator/cmd/aws-lambda-rie"
_NAME: Final = "aws-lambda-rie"
_FLAGS: Final = ("-trimpath", "-ldflags", "-s -w")
_SETTINGS: Final = {"GOFLAGS": "-mod=readonly -buildvcs=false", "GOWORK": "off", "CGO_ENABLED": "0"}
_SECONDS: Final = 900


def emulator(environ: Mapping[str, str]) -> Path:
    """The emulator's executable, built where it is not there yet: about a minute.

    Raises:
        EngineError: there is no Go.
        ImageError: it cannot be built.
    """
    sources = [(MODULE / name).read_bytes() for name in ("go.mod", "go.sum")]
    cache = cache_named(environ, "emulator")
    name = entry_digest(repr((_FLAGS, _SETTINGS, PACKAGE)).encode(), *sources)
    if not cache.folder(name).is_dir():
        with cache.lock(Reporter()), cache.staging() as staging:
            _build(staging / _NAME, environ)
            cache.publish(staging, name)
    return cache.folder(name) / _NAME


def _build(target: Path, environ: Mapping[str, str]) -> None:
    command = [go_executable(environ), "build", *_FLAGS, "-o", str(target), PACKAGE]
    environment = {**os.environ, **environ, **_SETTINGS}
    try:
        run = subprocess.run(
            command, cwd=MODULE, env=environment, capture_output=True, text=True, check=False, timeout=_SECONDS
        )
        reason = (run.stderr.strip()[-600:] or f"exit code {run.returncode}") if run.returncode else ""
    except (OSError, subprocess.TimeoutExpired) as exc:
        reason = str(exc)
    if reason:
        raise ImageError(
            f"the emulator of the Lambda runtime interface cannot be built: {reason}",
            remedy="check that Go reaches its module proxy (`go env GOPROXY`)",
        )
