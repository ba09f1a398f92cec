"""The packs of the base, where the change may have altered what they judge: they judge the head beside its own."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

from quantos.policy.adapters.packs import PolicyPack
from quantos.pull_request.adapters.judging_packs import JudgingPack, judging
from sandbox import lifecycle
from sandbox.errors import SandboxError
from sandbox.pull_request.protocol import EnvironmentQuestion

PROGRAM: Final = Path("sandbox/pull_request/base_packs.py")
"""Of the base itself, by whose code its packs are rendered."""


def base_judges(question: EnvironmentQuestion, *, environments: Path) -> tuple[list[JudgingPack], list[str]]:
    """The base's packs with the head's limits, and notes; none where the base's are the head's or there is no base.

    Where the base cannot read the head's environment file in `environments`, its own limits count, which a note says.

    Raises:
        SandboxError: the base cannot render its packs. EngineError: one of them does not load.
    """
    if not question.packs_changed or not question.base_root:
        return [], []
    folder = Path(question.state_dir, "policy", "base")
    own = Path(question.base_root, "stacks", "environments")
    program = Path(question.base_root) / PROGRAM
    if not program.is_file():
        raise SandboxError(
            f"the base has no {PROGRAM}, by which its rules would judge", remedy="name a base that has it: --base REF"
        )
    command = [sys.executable, "-P", str(program), question.base_root, question.environment]
    command += [lifecycle.ACCOUNT_ID, str(folder), str(environments), str(own)]
    environment = {**os.environ, "PYTHONPATH": question.base_root}
    answer = subprocess.run(
        command, env=environment, cwd=question.base_root, capture_output=True, text=True, check=False
    )
    if answer.returncode:
        why = answer.stderr.strip().rpartition("\n")[2] or "it said nothing"
        raise SandboxError(
            f"the base's policy packs cannot be rendered: {why}",
            remedy="correct the base first; without its rules nothing says what the change would let through",
        )
    rendered = json.loads(answer.stdout.strip().rpartition("\n")[2])
    packs = [PolicyPack(path=Path(pack["path"]), config=Path(pack["config"])) for pack in rendered["packs"]]
    notes = [f"The base's rules judged with the base's limits: {why}." for why in rendered["unread"]]
    return judging(packs, folder=folder, environment=os.environ), notes
