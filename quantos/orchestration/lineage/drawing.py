"""Lineage drawn: jobs, what they gave and who took it, as a picture or line by line for a terminal."""

from collections.abc import Iterator

from quantos.orchestration.lineage.view import Dataset, Lineage
from quantos.orchestration.spec.drawing import Box, Picture


def picture_of(lineage: Lineage) -> Picture:
    """Jobs and datasets as boxes; an edge along which nothing flowed goes from job to job."""
    datasets = lineage.datasets()
    ids = {dataset: f"dataset/{number}" for number, dataset in enumerate(datasets)}
    jobs = [
        Box(f"job/{node}", node, _kind(lineage, node), tuple(_attempts(lineage, node)))
        for node in sorted(_nodes(lineage))
    ]
    boxes = [*jobs, *(Box(ids[each], _label(each), _version(each), (each.namespace, each.name)) for each in datasets)]
    arrows = [(f"job/{node}", ids[each]) for node, job in sorted(lineage.jobs.items()) for each in sorted(job.gives)]
    arrows += [(ids[each], f"job/{node}") for node, job in sorted(lineage.jobs.items()) for each in sorted(job.takes)]
    arrows += [(f"job/{a}", f"job/{b}") for a, b in sorted(lineage.edges) if not lineage.flow(a, b)]
    return Picture(f"lineage of {lineage.run}", boxes, arrows)


def lines(lineage: Lineage) -> Iterator[str]:
    """A job a line with its attempts, then what it took and gave; jobs by when they first started."""
    order = sorted(lineage.jobs, key=lambda node: (lineage.jobs[node].attempts[0].started or "9", node))
    for node in order:
        yield f"{node} ({_kind(lineage, node)})  {'; '.join(_attempts(lineage, node))}"
        yield from (f"    takes {_line(each)}" for each in sorted(lineage.jobs[node].takes))
        yield from (f"    gives {_line(each)}" for each in sorted(lineage.jobs[node].gives))
        after = sorted(source for source, target in lineage.edges if target == node and not lineage.flow(source, node))
        if after:
            yield f"    after {', '.join(after)}"


def _nodes(lineage: Lineage) -> set[str]:
    """Those that ran or waited, and those that events of others name."""
    return {*lineage.jobs, *(node for edge in lineage.edges for node in edge)}


def _kind(lineage: Lineage, node: str) -> str:
    return lineage.jobs[node].kind if node in lineage.jobs else "not started"


def _attempts(lineage: Lineage, node: str) -> Iterator[str]:
    for attempt in lineage.jobs[node].attempts if node in lineage.jobs else []:
        error = f": {attempt.error}" if attempt.error else ""
        evidence = f", {attempt.evidence}" if attempt.evidence else ""
        yield f"attempt {attempt.attempt} {attempt.status}{error}{evidence}"


def _label(dataset: Dataset) -> str:
    return dataset.name.rpartition("/")[2]


def _version(dataset: Dataset) -> str:
    return f"snapshot {dataset.snapshot_id}" if dataset.snapshot_id else dataset.hash[:19]


def _line(dataset: Dataset) -> str:
    return f"{dataset.namespace}/{dataset.name}  {dataset.snapshot_id or dataset.hash}"
