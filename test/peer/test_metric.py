"""Every metric equals scikit-learn's to 1e-9, on random and on awkward inputs."""
import warnings

import numpy as np
import pytest
from sklearn import metrics as sk

from probe import metrics

EPS = 1e-9


def ours_and_theirs(y, p, classes, w=None):
    y, p = np.asarray(y), np.asarray(p, float)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if classes == 0:
            theirs = {
                "rmse": sk.root_mean_squared_error(y, p, sample_weight=w),
                "mae": sk.mean_absolute_error(y, p, sample_weight=w),
                "r2": sk.r2_score(y, p, sample_weight=w),
                "mape": sk.mean_absolute_percentage_error(y, p, sample_weight=w),
            }
        else:
            labels = np.arange(classes)
            hard = (p >= 0.5).astype(int) if classes == 2 else p.argmax(axis=1)
            full = np.column_stack([1 - p, p]) if classes == 2 else p
            try:
                auc = sk.roc_auc_score(y, p, sample_weight=w, **({} if classes == 2 else {"multi_class": "ovr", "labels": labels}))
            except ValueError:
                auc = np.nan
            one = (y == 1)[:, None] if classes == 2 else y[:, None] == labels
            ap = np.mean([sk.average_precision_score(one[:, c], p if classes == 2 else p[:, c], sample_weight=w) if one[:, c].any() else np.nan
                          for c in range(one.shape[1])])
            theirs = {
                "auc": auc,
                "average_precision": ap,
                "logloss": sk.log_loss(y, full, sample_weight=w, labels=labels),
                "accuracy": sk.accuracy_score(y, hard, sample_weight=w),
                "balanced_accuracy": sk.balanced_accuracy_score(y, hard, sample_weight=w),
                "f1": sk.f1_score(y, hard, sample_weight=w, average="binary" if classes == 2 else "macro"),
            }
    return metrics(y, p, classes, w), theirs


def check(y, p, classes, w=None):
    ours, theirs = ours_and_theirs(y, p, classes, w)
    assert ours.keys() == theirs.keys()
    for name in ours:
        assert ours[name] == pytest.approx(theirs[name], rel=EPS, abs=EPS, nan_ok=True), name


def soft(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("weighted", [False, True])
def test_binary_metrics_are_scikit_learns(seed, weighted):
    rng = np.random.default_rng(seed)
    n = [3, 10, 57, 300, 2000, 20000][seed]
    y = rng.integers(0, 2, n)
    y[:2] = 0, 1
    p = rng.random(n)
    if seed % 2:
        p = np.round(p, 1)                      # many ties
    w = rng.exponential(size=n) if weighted else None
    if weighted and n > 50:
        w[::7] = 0
    check(y, p, 2, w)


def test_probabilities_of_zero_one_and_next_to_them_are_clipped_as_there():
    y = np.array([0, 1, 0, 1, 1, 0, 1, 0])
    p = np.array([0, 1, 1, 0, 1e-300, 1e-17, 1 - 1e-16, 5e-324])
    check(y, p, 2)
    check(1 - y, p, 2)


@pytest.mark.parametrize("y", [[0, 0, 0], [1, 1, 1]])
def test_one_class_only_leaves_auc_undefined(y):
    check(y, [0.2, 0.7, 0.5], 2)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("weighted", [False, True])
def test_multiclass_metrics_are_scikit_learns(seed, weighted):
    rng = np.random.default_rng(seed)
    classes, n = 3 + seed, [12, 40, 200, 1000, 5000, 5000][seed]
    y = rng.integers(0, classes, n)
    y[:classes] = np.arange(classes)
    p = soft(rng.normal(size=(n, classes)) * (1 + 5 * seed) + 2 * np.eye(classes)[y])
    w = rng.integers(0, 4, n).astype(float) if weighted else None
    if weighted:
        w[:classes] = 1
    check(y, p, classes, w)


def test_a_class_that_no_row_has():
    rng = np.random.default_rng(1)
    y = rng.integers(0, 3, 60)
    check(y, soft(rng.normal(size=(60, 4))), 4)
    p = soft(rng.normal(size=(60, 4)) - np.array([0, 0, 0, 50]))      # nor is it ever said
    check(y, p, 4)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("weighted", [False, True])
def test_regression_metrics_are_scikit_learns(seed, weighted):
    rng = np.random.default_rng(seed)
    n = [2, 30, 1000, 20000][seed]
    y = rng.normal(size=n) * 10.0**seed + 10.0 ** (2 * seed)
    p = y + rng.normal(size=n) * 10.0**seed
    check(y, p, 0, rng.random(n) if weighted else None)


def test_values_that_are_zero_or_all_alike():
    check([0.0, 1, 2, 0], [0.5, 1, 2, 0], 0)
    check([2.0, 2, 2], [1.0, 2, 3], 0)
    check([2.0, 2, 2], [2.0, 2, 2], 0)
