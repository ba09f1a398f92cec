"""`quantos sandbox`: the embedded AWS of this checkout."""

import typer

from cli.console import err, out, step
from cli.places import ROOT
from sandbox import lifecycle
from sandbox.engine.display import shown_progress
from sandbox.engine.locate import find_engine


def start() -> None:
    """Start it where it does not run yet, and print where it runs."""
    err.print(f"target: the sandbox of {ROOT}", style="dim")
    with shown_progress(err) as progress:
        engine = find_engine(progress=progress)
    with step("start moto"):
        sandbox = lifecycle.start(lifecycle.default_state_dir(ROOT), project_root=ROOT, engine_bin_dir=engine.bin_dir)
    out.print(f"running at {sandbox.endpoint_url}, state in {sandbox.state_dir}")


def stop() -> None:
    """Stop moto, and remove its state and Pulumi's together."""
    err.print(f"target: the sandbox of {ROOT}", style="dim")
    sandbox_status = lifecycle.stop(lifecycle.default_state_dir(ROOT))
    out.print(
        "stopped" if sandbox_status.condition == "running" else f"nothing to stop: it was {sandbox_status.condition}"
    )


def status() -> None:
    """Print whether the sandbox runs. Raises Exit(1) when it does not."""
    err.print(f"target: the sandbox of {ROOT}", style="dim")
    sandbox_status = lifecycle.status(lifecycle.default_state_dir(ROOT))
    if sandbox_status.condition == "running" and sandbox_status.sandbox is not None:
        out.print(f"running at {sandbox_status.sandbox.endpoint_url}, state in {sandbox_status.sandbox.state_dir}")
        return
    stale = "stale: it was killed, and moto has forgotten; the next start begins anew"
    out.print(stale if sandbox_status.condition == "stale" else "stopped")
    raise typer.Exit(1)
