"""symmetric_trees errs no more than CatBoost does with equal parameters, on rows neither has seen.

CatBoost is not installed for tests: its errors are written below, made by this file run as a program beside
CatBoost 1.2.10 (`python test_symmetric.py`), on the same rows, rounds, learning rate, depth and seeds.
"""
import tempfile

import numpy as np
import pytest
from sklearn import datasets

ROUNDS, RATE, SPLITS = 160, 0.05, 2
CATBOOST = {
    "numbers": 1.21127,
    "few rows": 0.13737,
    "patients": 56.42489,
    "two classes": 0.41383,
    "cells": 0.09310,
    "four classes": 0.61056,
    "levels": 0.74883,
    "levels of classes": 0.30768,
}


def with_levels(rows, levels, classes):
    """Half the target is in two categories, one of many levels, some of them rare."""
    r = np.random.default_rng(7)
    X = r.normal(size=(rows, 6))
    X[:, 4] = np.floor(levels * r.random(rows) ** 1.5)
    X[:, 5] = r.integers(12, size=rows)
    level = r.normal(size=levels)
    y = X[:, 0] + np.sin(2 * X[:, 1]) + 1.5 * level[X[:, 4].astype(int)] + (X[:, 5] % 3) * 0.7 + 0.5 * r.normal(size=rows)
    return X, y if not classes else (y > np.median(y)).astype(int)


def data(name):
    """X, y, classes, columns that are categories."""
    if name == "numbers":
        return *datasets.make_friedman1(2000, 10, noise=1.0, random_state=3), 0, []
    if name == "few rows":
        return *datasets.make_friedman3(500, noise=0.1, random_state=4), 0, []
    if name == "patients":
        x = datasets.load_diabetes()
        return x.data, x.target, 0, []
    if name == "two classes":
        return *datasets.make_classification(2000, 12, n_informative=6, n_clusters_per_class=4, flip_y=0.05, class_sep=0.8, random_state=5), 2, []
    if name == "cells":
        x = datasets.load_breast_cancer()
        return x.data, x.target, 2, []
    if name == "four classes":
        return *datasets.make_classification(2000, 15, n_informative=8, n_classes=4, n_clusters_per_class=2, random_state=6), 4, []
    if name == "levels":
        return *with_levels(2000, 80, 0), 0, [4, 5]
    return *with_levels(2000, 80, 2), 2, [4, 5]


def splits(y):
    for seed in range(SPLITS):
        order = np.random.default_rng(seed).permutation(len(y))
        n = int(0.7 * len(y))
        yield seed, np.sort(order[:n]), order[n:]


def error(margin, y, classes):
    if not classes:
        return np.sqrt(np.mean((margin[:, 0] - y) ** 2))
    if classes == 2:
        return np.mean(np.logaddexp(0, -margin[:, 0] * (2 * y - 1)))
    z = margin - margin.max(1, keepdims=True)
    return np.mean(np.log(np.exp(z).sum(1)) - z[np.arange(len(y)), y.astype(int)])


def catboost_error(name):
    from catboost import CatBoostClassifier, CatBoostRegressor

    X, y, classes, levels = data(name)
    found = []
    for seed, train, rest in splits(y):
        options = dict(iterations=ROUNDS, learning_rate=RATE, depth=6, random_seed=seed, verbose=0, thread_count=1, allow_writing_files=False)
        if classes == 2:
            options["leaf_estimation_iterations"] = 10
        Z = X.astype(np.float32)
        if levels:
            Z = Z.astype(object)
            Z[:, levels] = X[:, levels].astype(int).astype(str)
        model = (CatBoostClassifier if classes else CatBoostRegressor)(cat_features=levels or None, **options).fit(Z[train], y[train])
        margin = model.predict(Z[rest], prediction_type="RawFormulaVal") if classes else model.predict(Z[rest])
        found.append(error(margin.reshape(len(rest), -1), y[rest], classes))
    return float(np.mean(found))


@pytest.mark.parametrize("name", CATBOOST)
def test_it_errs_no_more_than_catboost_with_equal_parameters(name):
    from probe import call, read_box, write_box

    X, y, classes, levels = data(name)
    kind = np.zeros(X.shape[1], np.uint8)
    count = np.zeros(X.shape[1], np.uint32)
    kind[levels] = 1
    count[levels] = X[:, levels].max(0).astype(np.uint32) + 1 if levels else 0
    task = "regression" if not classes else "binary" if classes == 2 else "multiclass"
    args = '{"learning_rate":%g,"depth":6,"l2_leaf_reg":3,"random_strength":1,"subsample":0.8,"rsm":1,"rounds":%d}' % (RATE, ROUNDS)
    found = []
    for seed, train, rest in splits(y):
        with tempfile.TemporaryDirectory() as at:
            write_box(f"{at}/in", {"X": X.T.astype(np.float32), "kind": kind, "levels": count, "y": y.astype(float), "train": train.astype(np.uint32)})
            said = call("learn", "symmetric_trees", task, classes, args, f"{at}/in", f"{at}/out").split()
            margin = read_box(f"{at}/out")["margin"].reshape(len(X), -1)
        assert said[said.index("rounds") + 1] == str(ROUNDS)
        found.append(error(margin[rest], y[rest], classes))
    print(name, float(np.mean(found)), CATBOOST[name])
    assert np.mean(found) <= (1.06 if levels else 1.03) * CATBOOST[name]


if __name__ == "__main__":
    for name in CATBOOST:
        print(f'    "{name}": {catboost_error(name):.5f},')
