"""The policy packs of a target, apart from it, since most commands need none and no rule of theirs."""

from cli.places import PACKS, ROOT
from cli.target import Target
from quantos.policy.adapters.packs import PolicyPack, render_packs
from sandbox import lifecycle


def packs_of(target: Target) -> list[PolicyPack]:
    """The policy packs, with configuration rendered from the environment file."""
    return render_packs(
        target.settings,
        packs_root=PACKS,
        folder=lifecycle.default_state_dir(ROOT) / "policy",
        sandbox_account_id=lifecycle.ACCOUNT_ID if target.sandboxed else None,
    )
