"""DAGs for tests: the one of the documentation, and any by their shape."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml
from hypothesis import strategies as st

EXAMPLE = (Path(__file__).resolve().parents[2] / "docs/examples/bt_xs_bilstm_v1.yaml").read_text(encoding="utf-8")


def example() -> dict[str, Any]:
    """The example as plain values, for a test to change."""
    return yaml.safe_load(EXAMPLE)


def submission(**params: Any) -> dict[str, Any]:
    """A submission of the example as plain values, with these parameters."""
    return {"dag": example(), "params": {"submission_id": "nightly-1", "env": "dev", **params}}


def stated(arrows: Iterable[tuple[str, str]], *, nodes: Iterable[str], **fields: Any) -> dict[str, Any]:
    """A DAG of programs with these arrows; each gives an output of its name."""
    return {
        "version": 1,
        "pipeline_id": "p",
        "slo": {"max_runtime": "1h"},
        "nodes": [task(name) for name in nodes],
        "edges": [{"from": source, "to": target} for source, target in arrows],
        **fields,
    }


def task(name: str, **fields: Any) -> dict[str, Any]:
    """A node that runs a program."""
    return {"id": name, "kind": "python_task", "image": "ghcr.io/a/b:1", "outs": [f"{name}_out"], **fields}


@st.composite
def dags(draw: st.DrawFn) -> Mapping[str, Any]:
    """Any DAG of up to twelve programs: each takes some of what runs before it."""
    names = [f"n{number}" for number in range(draw(st.integers(1, 12)))]
    arrows = [
        (earlier, later)
        for number, later in enumerate(names)
        for earlier in draw(
            st.lists(st.sampled_from(names[:number]), unique=True, max_size=3) if number else st.just([])
        )
    ]
    dag = stated(arrows, nodes=names)
    for node in dag["nodes"]:
        before = [f"{source}_out" for source, target in arrows if target == node["id"]]
        node["ins"] = draw(st.lists(st.sampled_from(before), unique=True)) if before else []
        node["resources"] = draw(
            st.fixed_dictionaries(
                {},
                optional={
                    "cpu": st.sampled_from(["1", "0.5", "250m"]),
                    "mem": st.sampled_from(["512Mi", "2Gi"]),
                    "gpu": st.integers(0, 2),
                },
            )
        )
    return dag
