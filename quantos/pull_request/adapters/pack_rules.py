"""The rules of a policy pack, asked of the pack as an engine does: over gRPC, before it judges anything."""

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import grpc
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto.analyzer_pb2_grpc import AnalyzerStub

from quantos.errors import EngineError
from quantos.pull_request.model import Level, PackRule
from quantos.translation import Vendor, translated

ANSWER_SECONDS = 60.0
NO_ENGINE = "127.0.0.1:0"
"""A pack is given its engine's address, and asks nothing of it until it is configured."""
LEVELS: Mapping[int, Level] = {0: "advisory", 1: "mandatory", 2: "disabled", 3: "remediate"}
"""The numbers of the analyzer protocol."""
_ASKING = Vendor(raises=(grpc.RpcError, OSError))
_REMEDY = "run it by hand and correct it"


def registered_rules(pack: Path, *, environment: Mapping[str, str]) -> tuple[PackRule, ...]:
    """The rules that the pack whose executable is `pack` registers. Raises EngineError when it does not answer."""
    with (
        translated(_ASKING, into=EngineError, what=_silence(pack), remedy=_REMEDY),
        _serving(pack, environment) as address,
        grpc.insecure_channel(address) as channel,
    ):
        info = AnalyzerStub(channel).GetAnalyzerInfo(Empty(), timeout=ANSWER_SECONDS, wait_for_ready=True)
    return tuple(
        PackRule(
            pack=info.name,
            name=policy.name,
            description=policy.description,
            level=LEVELS[policy.enforcementLevel],
            remedy=policy.remediation_steps,
            url=policy.url,
        )
        for policy in info.policies
    )


@contextmanager
def _serving(pack: Path, environment: Mapping[str, str]) -> Iterator[str]:
    """The pack as a process, and the address at which it answers."""
    with subprocess.Popen(
        [str(pack), NO_ENGINE],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, **environment},
    ) as process:
        try:
            port = process.stdout.readline().strip() if process.stdout else b""
            if not port.isdigit():
                said = process.stderr.read() if process.stderr else b""
                why = said.decode(errors="replace").strip().rpartition("\n")[2] or "it said nothing"
                raise EngineError(f"{_silence(pack)}: {why}", remedy=_REMEDY)
            yield f"127.0.0.1:{int(port)}"
        finally:
            process.kill()  # it holds nothing, and may miss a signal that it is to answer


def _silence(pack: Path) -> str:
    return f"policy pack {pack.parent.name} does not load"
