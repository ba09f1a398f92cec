"""What nobody can take back of a step of the engine's."""

import pytest

from quantos.deployment.changes import LOCK_TYPE, irrevocable


def lock(mode: str, **retention: int) -> dict[str, object]:
    return {"bucket": "audit", "rule": {"defaultRetention": {"mode": mode, **retention}}}


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (lock("COMPLIANCE", days=2557), lock("COMPLIANCE", days=25570), "for 25570 days, before for 2557"),
        (lock("COMPLIANCE", days=364), lock("COMPLIANCE", years=1), "for 365 days, before for 364"),
        (lock("GOVERNANCE", days=9), lock("COMPLIANCE", days=1), "for 1 days, before for 0"),
        ({}, lock("COMPLIANCE", days=1), "for 1 days, before for 0"),
        (lock("COMPLIANCE", days=10), lock("COMPLIANCE", days=10), None),
        (lock("COMPLIANCE", days=10), lock("COMPLIANCE", days=9), None),
        (lock("COMPLIANCE", days=10), lock("GOVERNANCE", days=99), None),
        (lock("GOVERNANCE", days=1), lock("GOVERNANCE", days=99), None),
        (lock("COMPLIANCE", days=1), {}, None),
    ],
)
def test_a_lock_of_compliance_that_is_new_or_longer_is_told(
    old: dict[str, object], new: dict[str, object], words: str | None
) -> None:
    said = irrevocable(LOCK_TYPE, old=old, new=new)
    assert (said is None) if words is None else (said is not None and words in said)
    assert irrevocable("aws:s3/bucket:Bucket", old=old, new=new) is None
