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
    found = lifecycle.stop(lifecycle.default_state_dir(ROOT))
    out.print("stopped" if found.condition == "running" else f"nothing to stop: it was {found.condition}")


def status() -> None:
    """Print whether the sandbox runs. Raises Exit(1) when it does not."""
    err.print(f"target: the sandbox of {ROOT}", style="dim")
    found = lifecycle.status(lifecycle.default_state_dir(ROOT))
    if found.condition == "running" and found.sandbox is not None:
        out.print(f"running at {found.sandbox.endpoint_url}, state in {found.sandbox.state_dir}")
        return
    stale = "stale: it was killed, and moto has forgotten; the next start begins anew"
    out.print(stale if found.condition == "stale" else "stopped")
    raise typer.Exit(1)
