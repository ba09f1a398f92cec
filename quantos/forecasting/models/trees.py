"""Regression trees as small arrays: kept in a few kilobytes, and walked without the library that grew them."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from quantos.arrays import FloatArray

if TYPE_CHECKING:
    from lightgbm import Booster


def pack(booster: "Booster") -> dict[str, FloatArray]:
    """The trees of a booster, node after node.

    Returns:
        feature: shape (nodes,), the column that a node asks for; -1 at a leaf.
        value: shape (nodes,), to single precision: the threshold up to which a node sends left; a leaf's score.
        left, right: shape (nodes,), indices of the children; a leaf is its own.
        root: shape (trees,), indices of the roots.
    """
    packed = _Packing()
    for tree in booster.dump_model()["tree_info"]:
        packed.root.append(packed.add(tree["tree_structure"]))
    return {
        "feature": np.asarray(packed.feature, dtype=np.float64),
        "value": np.asarray(packed.value, dtype=np.float32).astype(np.float64),
        "left": np.asarray(packed.left, dtype=np.float64),
        "right": np.asarray(packed.right, dtype=np.float64),
        "root": np.asarray(packed.root, dtype=np.float64),
    }


def scores(trees: Mapping[str, FloatArray], columns: FloatArray) -> FloatArray:
    """Sum of the trees' scores at each row, shape (m, k) to (m,)."""
    feature, left, right, root = (trees[name].astype(np.intp) for name in ("feature", "left", "right", "root"))
    value = trees["value"]
    rows = np.arange(len(columns))[:, None]
    node = np.repeat(root[None, :], len(columns), axis=0)
    while True:
        asked = feature[node]
        inner = asked >= 0
        if not inner.any():
            return value[node].sum(axis=1)
        below = columns[rows, np.maximum(asked, 0)] <= value[node]
        node = np.where(inner, np.where(below, left[node], right[node]), node)


class _Packing:
    def __init__(self) -> None:
        self.feature: list[int] = []
        self.value: list[float] = []
        self.left: list[int] = []
        self.right: list[int] = []
        self.root: list[int] = []

    def add(self, node: Mapping[str, object]) -> int:
        """Append a node and all below it; its index."""
        index = len(self.feature)
        leaf = "leaf_value" in node
        self.feature.append(-1 if leaf else int(str(node["split_feature"])))
        self.value.append(float(str(node["leaf_value" if leaf else "threshold"])))
        self.left.append(index)
        self.right.append(index)
        for side, children in (("left_child", self.left), ("right_child", self.right)):
            child = node.get(side)
            if isinstance(child, Mapping):
                children[index] = self.add(child)
        return index
