"""The child process of a download: `python -m sandbox.engine.fetch ROOT VERSION`.

It is a process of its own because the installer neither has a time limit nor can be stopped within this one.
"""

import sys

from pulumi.automation import PulumiCommand
from semver import Version


def main(root: str, version: str) -> None:
    """Install the engine into `root`/bin by the official installer."""
    PulumiCommand.install(root=root, version=Version.parse(version))


if __name__ == "__main__":
    main(*sys.argv[1:])
