"""Where commands find the project's files, and what tells them to work on the sandbox."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ENVIRONMENTS = ROOT / "stacks" / "environments"
PACKS = ROOT / "policy_packs"
SANDBOX_VARIABLE = "QUANTOS_SANDBOX"
CHARTS_VARIABLE = "QUANTOS_CHARTS"


def environment_names() -> list[str]:
    """The environments that there is a file of, in alphabetical order."""
    return sorted(path.stem for path in ENVIRONMENTS.glob("*.yaml"))
