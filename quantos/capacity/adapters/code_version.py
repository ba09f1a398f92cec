"""What code runs here: a digest of the project's sources and the versions of what it computes with."""

import functools
import hashlib
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Final

import quantos
from quantos.capacity.decision_record import CodeVersion

LIBRARIES: Final = ("lightgbm", "numpy", "pandas", "scipy", "statsmodels")


@functools.cache
def code_version() -> CodeVersion:
    """The version of this process; the sources are those of the package `quantos`, read once."""
    root = Path(quantos.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return CodeVersion(
        sources=digest.hexdigest(),
        libraries={"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}},
    )
