"""A real Kubernetes control plane for tests: one that is running, or one started from a recipe folder."""

import importlib.util
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

RUNNING_VARIABLE = "QUANTOS_KUBECONFIG"
SET_ASIDE_VARIABLE = "QUANTOS_TEST_KUBECONFIG"
"""Where the tests keep the running cluster's, so that no sandbox of a test takes it for the cluster behind its EKS."""
RECIPE_VARIABLE = "QUANTOS_KUBE_RECIPE"
WHY_NONE = (
    f"no control plane: {RUNNING_VARIABLE} names no kubeconfig of a cluster that tests may write to, "
    f"and {RECIPE_VARIABLE} no folder with an up.py that starts one"
)
PARTS = ("controller-manager", "scheduler", "kwok")


def set_cluster_aside() -> None:
    """Let only tests that ask for the control plane have it."""
    if running := os.environ.pop(RUNNING_VARIABLE, None):
        os.environ[SET_ASIDE_VARIABLE] = running


@contextmanager
def control_plane() -> Iterator[Path | None]:
    """A kubeconfig with a node that runs pods; None where nobody offers a cluster."""
    running, recipe = os.environ.get(SET_ASIDE_VARIABLE), os.environ.get(RECIPE_VARIABLE)
    if running:
        yield Path(running)
        return
    if not recipe:
        yield None
        return
    spec = importlib.util.spec_from_file_location("kube_recipe", Path(recipe) / "up.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    with module.Cluster(parts=PARTS, nodes=1) as cluster:
        yield Path(cluster.kubeconfig)
