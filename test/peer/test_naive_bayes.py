"""Naive Bayes says what scikit-learn's GaussianNB says of numbers and CategoricalNB of levels; of both, their sum."""
import numpy as np
import pytest
from sklearn.naive_bayes import CategoricalNB, GaussianNB

from probe import learn


@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize("weighted", [False, True])
def test_answers_are_scikit_learns(classes, weighted):
    rng = np.random.default_rng(classes)
    n, numbers, levels = 600, 5, 7
    y = rng.integers(0, classes, n).astype(float)
    N = (rng.normal(size=(n, numbers)) * [1, 2, 3, 1, 2] + y[:, None] * [1, 0, 1, -2, 0.5]).astype(np.float32)
    K = ((rng.integers(0, levels, (n, 3)) + y[:, None] * [0, 1, 2]) % levels).astype(int)
    kind, counts = np.r_[np.zeros(numbers), np.ones(3)], np.r_[np.zeros(numbers), np.full(3, levels)]
    w = rng.random(n).astype(np.float32) + 0.1 if weighted else None
    more = {"w": w} if weighted else {}
    out = learn("naive_bayes", "binary" if classes == 2 else "multiclass", np.c_[N, K], y, classes, {"alpha": 0.5, "var_smoothing": 1e-12, "far": "kept"}, kind, counts, **more)
    g = GaussianNB(var_smoothing=1e-12)
    g.fit(N.astype(float), y, sample_weight=w)
    c = CategoricalNB(alpha=0.5, min_categories=levels).fit(K, y, sample_weight=w)
    want = g._joint_log_likelihood(N.astype(float)) + c._joint_log_likelihood(K) - np.log(g.class_prior_)
    want -= want.max(1, keepdims=True)
    got = out["margin"].reshape(n, -1)
    if classes == 2:
        want = (want[:, 1] - want[:, 0])[:, None]
    np.testing.assert_allclose(got, want, rtol=1e-8, atol=1e-8)
