"""What code runs here: a digest of the project's sources and the versions of what it computes with."""

import functools
import hashlib
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

import quantos
from quantos.capacity.decision.record import CodeVersion
from quantos.errors import CapacityError
from quantos.translation import Vendor, translated

LIBRARIES: Final = ("lightgbm", "numpy", "pandas", "scipy", "statsmodels")
_INSTALLED: Final = Vendor(raises=(OSError, PackageNotFoundError))


@functools.cache
def code_version() -> CodeVersion:
    """The version of this process; the sources are those of the package `quantos`, read once. Raises CapacityError."""
    with translated(
        _INSTALLED,
        into=CapacityError,
        what="what code runs here cannot be told",
        remedy="install the project whole, from its lock file",
    ):
        return _code_version()


def _code_version() -> CodeVersion:
    root = Path(quantos.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return CodeVersion(
        sources=digest.hexdigest(),
        libraries={"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}},
    )
