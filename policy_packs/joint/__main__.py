"""Registers the rules of both packs in one process. `PolicyPack` serves until the engine ends, and never returns."""

import sys
from datetime import UTC, datetime
from pathlib import Path

# The engine starts this file by its folder; in the function image the packs lie beside the project, too.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from pulumi_policy import PolicyPack

from policy_packs.cost import validators as cost
from policy_packs.judging import Judge
from policy_packs.process import serve_one_engine
from policy_packs.security import validators as security

serve_one_engine()
judge = Judge(today=datetime.now(tz=UTC).date())
PolicyPack(name="quantos", policies=[*cost.policies(judge), *security.policies(judge), judge.idle_exemptions()])
