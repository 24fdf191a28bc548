#!/usr/bin/env python3
"""Rows a second of the form "trees" beside LightGBM's own predict: the same trees, the same rows, one core.

    PROBE=build/tests/leat-probe OMP_WAIT_POLICY=passive build/deps/py/bin/python bench/trees/bench.py

Prints, for each shape, rows/s of both and their ratio, then Shapley values a second of both and their ratio.  Answers are
compared too: they must be equal to the last bit.
"""
import os
import sys
import tempfile
import time

import lightgbm
import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../test/peer"))
from probe import call, read_box, write_box  # noqa: E402

SHAPES = [  # trees, leaves, columns, categories, rows, share missing
    (500, 31, 20, 0, 40000, 0.0),
    (500, 31, 20, 0, 40000, 0.1),
    (500, 31, 20, 5, 40000, 0.0),
    (200, 100, 50, 0, 20000, 0.0),
    (100, 1000, 20, 0, 20000, 0.0),
]


def data(cols, categories, rows, missing):
    r = np.random.default_rng(1)
    X = r.normal(size=(rows, cols)).astype(np.float32)
    X[:, cols - categories :] = r.integers(0, 30, (rows, categories))
    y = X[:, 0] * X[:, 1] + np.sin(X[:, 2] * 3) + X[:, -1] % 3 + r.normal(size=rows)
    X[r.random(X.shape) < missing] = np.nan
    return X, y


def best(seconds):
    return min(seconds)


def once(trees, leaves, cols, categories, rows, missing):
    X, y = data(cols, categories, rows, missing)
    params = {"objective": "regression", "num_leaves": leaves, "verbosity": -1, "num_threads": 1, "min_data_in_leaf": 5}
    names = list(range(cols - categories, cols))
    booster = lightgbm.train(params, lightgbm.Dataset(X, y, categorical_feature=names, params=params), trees)
    few = X[:200]
    with tempfile.TemporaryDirectory() as at:
        booster.save_model(f"{at}/model.txt")
        kinds = {"kind": np.array([0] * (cols - categories) + [1] * categories, np.uint8)}
        kinds["levels"] = np.full(cols, 30, np.uint32) * kinds["kind"]
        write_box(f"{at}/in", {"X": few.T, **kinds})
        said = call("trees", "walk", f"{at}/model.txt", 1, 0, f"{at}/in", f"{at}/out").split()
        explain_s = float(said[said.index("explain_s") + 1])
        write_box(f"{at}/in", {"X": X.T, **kinds})
        ours = []
        for _ in range(3):
            said = call("trees", "walk", f"{at}/model.txt", 1, 0, f"{at}/in", f"{at}/out", "only").split()
            ours.append(float(said[said.index("margin_s") + 1]))
        margin = read_box(f"{at}/out")["margin"]
    theirs = []
    for _ in range(3):
        from_s = time.perf_counter()
        raw = booster.predict(X, raw_score=True, num_threads=1)
        theirs.append(time.perf_counter() - from_s)
    from_s = time.perf_counter()
    booster.predict(few, pred_contrib=True, num_threads=1)
    contrib_s = time.perf_counter() - from_s
    assert np.array_equal(margin, raw)
    print(f"{trees:4} trees x {leaves:4} leaves, {cols} columns ({categories} categories), {missing:.0%} missing: "
          f"{rows / best(ours):9,.0f} rows/s, LightGBM {rows / best(theirs):9,.0f}, ratio {best(theirs) / best(ours):.2f}; "
          f"explained {200 / explain_s:7,.0f} rows/s, LightGBM {200 / contrib_s:7,.0f}, ratio {contrib_s / explain_s:.2f}", flush=True)


for shape in SHAPES:
    once(*shape)
