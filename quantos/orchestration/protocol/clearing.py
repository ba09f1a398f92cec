"""The end of a run's ttl: what it left is removed, then its row says so. Key: the run.

What lies under a run's name is its own: another run, also of the same submission, has another name.
"""

from dataclasses import replace

from quantos.orchestration.protocol.effects import Clear, Steps, Write, commit, load, load_nodes
from quantos.orchestration.protocol.rows import AttemptKey, RunKey, Submission, submission_key


def clear(run: RunKey, *, now_ms: int) -> Steps[bool]:
    """Remove what a run left, once its ttl is over; False where some of it is left, and it has to be asked again."""
    submission = yield from load(submission_key(run), Submission)
    if submission is None or submission.cleared_ms is not None or not submission.ttl_is_over(now_ms):
        return True
    nodes = yield from load_nodes(run, submission.digest)
    attempts = tuple(AttemptKey(run, node.id, number) for node in nodes for number in range(1, node.attempt + 1))
    if not (yield Clear(submission, attempts)):
        return False
    yield from commit(Write(replace(submission, cleared_ms=now_ms)))
    return True
