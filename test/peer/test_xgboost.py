"""The form "trees" answers as XGBoost does: each row ends in XGBoost's own leaf of every tree, and the margin is their sum.

XGBoost adds its leaves in float32, we in double: so margins are held to the double sum of XGBoost's leaves bit for bit,
and to its own margin within the rounding of that many float32 sums.  First models that the Python package grew, with
missing values, categories, classes and both ways of growing; then our learner, beside the package given the same.
"""
import json
import tempfile

import numpy as np
import pytest
import xgboost

from probe import call, read_box, write_box
from test_trees import fit, make, odd_rows

QUIET = {"verbosity": 0, "nthread": 1, "tree_method": "hist", "seed": 3}


def data(X, kind, y=None, w=None, base=None):
    types = ["c" if k else "q" for k in kind]
    return xgboost.DMatrix(X, y, weight=w, base_margin=base, feature_types=types, enable_categorical=True)


def sum_of_leaves(booster, d, outputs):
    """Margins as the double sum of XGBoost's own leaves, in order; without where it starts."""
    trees = json.loads(booster.save_raw("json"))["learner"]["gradient_booster"]["model"]["trees"]
    leaf = booster.predict(d, pred_leaf=True).astype(int).reshape(d.num_row(), len(trees))
    out = np.zeros((d.num_row(), outputs))
    for t, tree in enumerate(trees):
        out[:, t % outputs] += np.asarray(tree["split_conditions"], np.float32).astype(float)[leaf[:, t]]
    return out


def known(X, kind, levels):
    """Codes that a column has, or missing: nothing else reaches a model.  What is tiny is 0 to the form (trees_inner.h)."""
    X = X.copy()
    X[np.abs(X) <= 1e-35] = 0
    for j in np.flatnonzero(kind):
        X[~((X[:, j] >= 0) & (X[:, j] < levels[j]) & (X[:, j] == np.floor(X[:, j]))), j] = np.nan
    X[np.isinf(X)] = np.nan
    return X


CASES = {
    "numbers": (dict(), dict(objective="reg:squarederror"), 1),
    "missing": (dict(missing=0.2), dict(objective="reg:squarederror", max_depth=9, min_child_weight=0), 1),
    "zeros": (dict(zeros=0.4, missing=0.1), dict(objective="binary:logistic", max_depth=4), 1),
    "categories": (dict(levels=(4, 60, 200), missing=0.1), dict(objective="binary:logistic", max_depth=7), 1),
    "categories one by one": (dict(levels=(3, 9), missing=0.1), dict(objective="reg:squarederror", max_cat_to_onehot=50), 1),
    "classes": (dict(levels=(12,), missing=0.05), dict(objective="multi:softprob", num_class=5), 5),
    "leaves": (dict(missing=0.1), dict(objective="binary:logistic", grow_policy="lossguide", max_leaves=40, max_depth=0), 1),
    "pruned": (dict(missing=0.1, levels=(7,)), dict(objective="reg:squarederror", gamma=3.0), 1),
    "stumps": (dict(), dict(objective="binary:logistic", max_depth=1), 1),
    "absolute error": (dict(missing=0.1), dict(objective="reg:absoluteerror"), 1),
}


@pytest.mark.parametrize("name", CASES)
def test_trees_of_xgboost_end_in_its_own_leaves(name):
    shape, params, outputs = CASES[name]
    task = params["objective"].split(":")[0]
    X, y, kind, levels = make(len(name), **shape, classes={"binary": 2, "multi": outputs, "reg": 0}[task])
    X = known(X, kind, levels)
    d = data(X, kind, y)
    booster = xgboost.train({**QUIET, **params}, d, 30)
    Z = known(odd_rows(X, kind, 1), kind, levels)
    with tempfile.TemporaryDirectory() as at:
        booster.save_model(f"{at}/model.json")
        write_box(f"{at}/in", {"X": Z.T, "kind": kind, "levels": levels})
        call("trees", "xgb", f"{at}/model.json", outputs, len(X), f"{at}/in", f"{at}/out")
        out = read_box(f"{at}/out")
    margin = out["margin"].reshape(len(Z), outputs)
    shap = out["shap"].reshape(len(Z), outputs, X.shape[1] + 1)
    dz = data(Z, kind)
    leaves = sum_of_leaves(booster, dz, outputs)
    assert np.array_equal(margin, leaves)
    theirs = booster.predict(dz, output_margin=True).reshape(len(Z), outputs)
    start = (theirs - leaves)[0]
    assert np.abs(theirs - (leaves + start)).max() <= 30 * 2.0**-24 * np.abs(theirs).max() + 1e-6
    assert np.abs(shap.sum(2) - margin).max() <= 1e-9 * max(1, np.abs(margin).max())
    if params["objective"] == "reg:squarederror":      # there a branch weighs as much as its rows
        contrib = booster.predict(dz, pred_contribs=True).reshape(shap.shape)
        assert np.abs(shap[:, :, :-1] - contrib[:, :, :-1]).max() <= 1e-4 * np.abs(contrib).max()


@pytest.mark.parametrize("task,classes", [("binary", 2), ("multiclass", 4), ("regression", 0)])
def test_the_learner_is_the_library_with_the_same_parameters(task, classes):
    X, y, kind, levels = make(7, rows=2500, levels=(7, 40), missing=0.1, classes=classes)
    X = known(X, kind, levels)
    w = np.random.default_rng(1).random(len(X)).astype(np.float32) + 0.5
    args = '{"subsample":1,"colsample_bylevel":1,"learning_rate":0.1,"max_depth":5}'
    ours = fit("xgboost", task, X, y, kind, levels, classes, args, 60, w=w)
    params = {**QUIET, "learning_rate": 0.1, "max_depth": 5, "max_bin": 256, "alpha": 1e-5, "lambda": 1e-5, "max_cat_to_onehot": 4}
    k, share = max(1, classes if classes > 2 else 1), np.bincount(y.astype(int).clip(0), w) if classes else None
    if task == "regression":
        mean = np.average(y, weights=w.astype(float))
        scale = np.sqrt(np.average((y - mean) ** 2, weights=w.astype(float)))
        params |= {"objective": "reg:squarederror", "min_child_weight": 2, "base_score": 0}
        target, base = (y - mean) / scale, np.zeros((len(X), 1), np.float32)
    else:
        start = np.log((share[1] + 0.5) / (share[0] + 0.5)) if k == 1 else np.log((share + 0.5) / (share.sum() + 0.5 * k))
        params |= {"min_child_weight": 5e-6, "base_score": 0.5, "max_delta_step": 3}
        params |= {"objective": "binary:logistic"} if k == 1 else {"objective": "multi:softprob", "num_class": k}
        target, mean, scale, base = y, 0.0, 1.0, np.tile(np.float32(start), (len(X), 1))
    d = data(X, kind, target, w, base.reshape(len(X), k))
    booster = xgboost.train(params, d, 60)
    leaves = mean + scale * (base.reshape(len(X), k).astype(float) + sum_of_leaves(booster, d, k))
    assert ours["rounds"] == 60
    assert np.abs(ours["margin"] - leaves).max() <= 1e-12 * np.abs(leaves).max()


def test_early_stopping_keeps_the_best_round():
    X, y, kind, levels = make(8, rows=1200, classes=2)
    train, valid = np.arange(0, 800, dtype=np.uint32), np.arange(800, 1200, dtype=np.uint32)
    args = '{"subsample":1,"colsample_bylevel":1,"learning_rate":0.2,"rounds":500,"max_depth":4}'
    ours = fit("xgboost", "binary", X, y, kind, levels, 2, args, train=train, valid=valid)
    start = np.float32(np.log((y[train].sum() + 0.5) / ((1 - y[train]).sum() + 0.5)))
    params = {**QUIET, "objective": "binary:logistic", "eval_metric": "logloss", "learning_rate": 0.2, "max_depth": 4, "alpha": 1e-5,
              "lambda": 1e-5, "min_child_weight": 5e-6, "base_score": 0.5, "max_delta_step": 3, "max_cat_to_onehot": 4}
    dt = data(X[train], kind, y[train], base=np.full(800, start))
    dv = data(X[valid], kind, y[valid], base=np.full(400, start))
    booster = xgboost.train(params, dt, 500, evals=[(dv, "v")], early_stopping_rounds=300, verbose_eval=False)
    assert ours["rounds"] == booster.best_iteration + 1


def test_equal_seeds_give_equal_bytes_and_others_do_not():
    X, y, kind, levels = make(10, levels=(5,), classes=2)
    X = known(X, kind, levels)
    a, b, c = (fit("xgboost", "binary", X, y, kind, levels, 2, '{"rounds":30}', seed=s)["bytes"] for s in (5, 5, 6))
    assert np.array_equal(a, b)
    assert not np.array_equal(a, c)
