"""What joins the log lines of one decision, from the records that it saw to what became of its plan.

No id travels with a record: thousands of samples make one plan. What they share is the bin, and a plan's sequence is
the end of its bin; so the id can be told from a record, from a plan and from an outcome alike, and is the same for one
that is delivered again.
"""


def decision_id(stack: str, sequence: int) -> str:
    """Of the decision on a stack at the end of a bin, epoch seconds."""
    return f"{stack}/{sequence}"
