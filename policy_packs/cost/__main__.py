"""Registers the cost rules with the engine. `PolicyPack` serves until the engine ends, and never returns."""

import sys
from datetime import UTC, datetime
from pathlib import Path

# The engine starts this file by its folder; in the function image the packages lie beside the project, too.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from pulumi_policy import PolicyPack

from policy_packs.cost.validators import policies
from policy_packs.judging import Judge
from policy_packs.process import serve_one_engine
from quantos.policy.cost.rules import PACK

serve_one_engine()
judge = Judge(today=datetime.now(tz=UTC).date())
PolicyPack(name=PACK, policies=[*policies(judge), judge.idle_exemptions()])
