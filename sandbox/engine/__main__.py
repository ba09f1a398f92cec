"""`python -m sandbox.engine`: find, download or build the engine, and print which one it is."""

import signal
import sys
from types import FrameType

from rich.console import Console

from quantos.errors import EngineError
from sandbox.engine.display import shown_progress
from sandbox.engine.locate import find_engine


def main() -> int:
    """Exit code 0 with an engine, 1 without."""
    signal.signal(signal.SIGTERM, _leave)
    console = Console(stderr=True)
    try:
        with shown_progress(console) as progress:
            engine = find_engine(progress=progress)
    except EngineError as exc:
        console.print(f"{exc.what}\n{exc.remedy}", markup=False, highlight=False, soft_wrap=True)
        return 1
    except KeyboardInterrupt:
        console.print("Interrupted; the next run starts over with what Go has kept.")
        return 130
    sys.stdout.write(f"pulumi {engine.version} ({engine.source}) in {engine.bin_dir}\n")
    return 0


def _leave(number: int, _frame: FrameType | None) -> None:
    sys.exit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
