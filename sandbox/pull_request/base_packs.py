"""Renders the packs of a base revision by its own programs, in a process of its own.

Run as a script, the revision's own by path, with its folder as PYTHONPATH, so that all of it is the revision's:
`python -P base_packs.py BASE_FOLDER ENVIRONMENT SANDBOX_ACCOUNT OUT_FOLDER ENVIRONMENTS_FOLDER...`. The limits and
exemptions are those of the first folder whose environment file the base can read. Writes one line of JSON on standard
output, `{"environments", "unread", "packs": [{"path", "config"}]}`. Arguments and answer stay as they are: the check of
another revision depends on them.
"""

import json
import sys
from pathlib import Path

from quantos.catalog.catalog import load_catalog
from quantos.environment.load import load_environment
from quantos.errors import QuantosError
from quantos.policy.adapters.packs import render_packs


def main(*arguments: str) -> int:
    """Render them; 1 where the base can read the file of no folder."""
    base, environment, account, folder, *environments = arguments
    unread: list[str] = []
    for root in environments:
        try:
            settings = load_environment(environment, root=Path(root), catalog=load_catalog())
            packs = render_packs(
                settings, packs_root=Path(base, "policy_packs"), folder=Path(folder), sandbox_account_id=account
            )
        except QuantosError as exc:
            unread.append(exc.what.partition("\n")[0])
            continue
        rendered = [{"path": str(pack.path), "config": str(pack.config)} for pack in packs]
        print(json.dumps({"environments": root, "unread": unread, "packs": rendered}))  # noqa: T201
        return 0
    print("; ".join(unread), file=sys.stderr)  # noqa: T201
    return 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
