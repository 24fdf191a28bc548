"""The linear learner reaches scikit-learn's objective, or a lower one, to 1e-8 relative on the same encoded matrix."""
import warnings

import numpy as np
import pytest
from sklearn.linear_model import ElasticNet, LogisticRegression, Ridge

from probe import learn

CLOSE = 1e-8


def data(seed, n, d, classes, noise=1.0):
    """Numbers of many sizes, some missing, and two categories; a target that depends on them."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d)) * 10.0 ** rng.integers(-2, 4, d) + rng.normal(size=d)
    X[:, 0] = np.exp(rng.normal(size=n) * 2)
    codes = rng.integers(0, 7, (n, 2))
    z = (X - X.mean(0)) / X.std(0) @ rng.normal(size=(d, max(classes, 1))) + rng.normal(size=(7, max(classes, 1)))[codes[:, 0]]
    z += noise * rng.gumbel(size=z.shape)
    X[rng.random((n, d)) < 0.02] = np.nan
    X = np.column_stack([X, codes]).astype(np.float32)
    kind, levels = np.r_[np.zeros(d), 1, 1], np.r_[np.zeros(d), 7, 7]
    y = z[:, 0] * 1000 + 5 if classes == 0 else (z[:, 0] > 0).astype(float) if classes == 2 else z.argmax(1).astype(float)
    return X, y, kind, levels


def objective(task, A, y, W, b, c, l1_ratio, w=None):
    w = np.ones(len(y)) if w is None else w
    z = A @ W.T + b
    if task == "regression":
        loss = 0.5 * (z[:, 0] - y) ** 2
    elif task == "binary":
        loss = np.logaddexp(0, z[:, 0]) - y * z[:, 0]
    else:
        top = z.max(axis=1)
        loss = top + np.log(np.exp(z - top[:, None]).sum(1)) - z[np.arange(len(y)), y.astype(int)]
    return (w * loss).sum() + (l1_ratio * np.abs(W).sum() + 0.5 * (1 - l1_ratio) * (W**2).sum()) / c


def fit(task, seed, n, d, classes, c, l1_ratio, w=None, **args):
    X, y, kind, levels = data(seed, n, d, classes)
    more = {} if w is None else {"w": w.astype(np.float32)}
    out = learn("linear", task, X, y, classes, {"c": c, "l1_ratio": l1_ratio, **args}, kind, levels, **more)
    A = out["dense"].reshape(n, -1).astype(float)
    outputs = classes if task == "multiclass" else 1
    return A, y, out["weight"].reshape(outputs, -1), out["intercept"], out


def close(ours, theirs):
    assert abs(ours - theirs) <= CLOSE * abs(theirs), (ours - theirs) / theirs


def theirs_of(task, A, y, c, l1_ratio, w=None):
    warnings.simplefilter("ignore")
    if task == "regression" and l1_ratio == 0:
        m = Ridge(alpha=1 / c, tol=1e-12).fit(A, y, w)
    elif task == "regression":
        m = ElasticNet(alpha=1 / (c * len(y)), l1_ratio=l1_ratio, tol=1e-10, max_iter=200000).fit(A, y)
    elif l1_ratio == 0:
        solver = "newton-cholesky" if A.shape[1] < 200 else "lbfgs"
        m = LogisticRegression(C=c, tol=1e-10, max_iter=20000, solver=solver).fit(A, y, w)
    else:
        m = LogisticRegression(C=c, l1_ratio=l1_ratio, solver="saga", tol=1e-10, max_iter=100000).fit(A, y)
    return objective(task, A, y, np.atleast_2d(m.coef_), np.atleast_1d(m.intercept_), c, l1_ratio, w)


@pytest.mark.parametrize("c", [0.01, 1, 1000])
@pytest.mark.parametrize("n,d", [(60, 5), (1500, 12), (80, 150), (500, 400)])
def test_binary_with_l2(n, d, c):
    A, y, W, b, _ = fit("binary", n + d, n, d, 2, c, 0)
    close(objective("binary", A, y, W, b, c, 0), theirs_of("binary", A, y, c, 0))


@pytest.mark.parametrize("c", [0.01, 1, 100])
@pytest.mark.parametrize("n,d,classes", [(90, 5, 3), (1500, 10, 5), (100, 120, 3)])
def test_multinomial_with_l2(n, d, classes, c):
    A, y, W, b, _ = fit("multiclass", n, n, d, classes, c, 0)
    close(objective("multiclass", A, y, W, b, c, 0), theirs_of("multiclass", A, y, c, 0))


@pytest.mark.parametrize("c", [0.01, 1, 1000])
@pytest.mark.parametrize("n,d", [(60, 5), (2000, 20), (80, 150)])
def test_ridge(n, d, c):
    A, y, W, b, _ = fit("regression", n, n, d, 0, c, 0)
    close(objective("regression", A, y, W, b, c, 0), theirs_of("regression", A, y, c, 0))


@pytest.mark.parametrize("c", [0.01, 1, 10])
@pytest.mark.parametrize("l1_ratio", [0.3, 1])
@pytest.mark.parametrize("n,d", [(60, 5), (1500, 20), (80, 150)])
def test_elastic_net_of_values(n, d, l1_ratio, c):
    A, y, W, b, _ = fit("regression", n, n, d, 0, c, l1_ratio)
    size = y.std()                                  # the learner standardises the target
    ours = objective("regression", A, (y - y.mean()) / size, W / size, (b - y.mean()) / size, c, l1_ratio)
    close(ours, theirs_of("regression", A, (y - y.mean()) / size, c, l1_ratio))


@pytest.mark.parametrize("c", [0.1, 1])
@pytest.mark.parametrize("l1_ratio", [0.3, 1])
@pytest.mark.parametrize("n,d,classes", [(120, 5, 2), (600, 12, 2), (150, 6, 3)])
def test_elastic_net_of_classes(n, d, classes, l1_ratio, c):
    task = "binary" if classes == 2 else "multiclass"
    A, y, W, b, _ = fit(task, n, n, d, classes, c, l1_ratio)
    close(objective(task, A, y, W, b, c, l1_ratio), theirs_of(task, A, y, c, l1_ratio))


@pytest.mark.parametrize("task,classes", [("binary", 2), ("multiclass", 4), ("regression", 0)])
def test_weights_are_honoured(task, classes):
    w = np.random.default_rng(3).integers(1, 5, 400)
    A, y, W, b, _ = fit(task, 9, 400, 6, classes, 1, 0, w=w)
    close(objective(task, A, y, W, b, 1, 0, w), theirs_of(task, A, y, 1, 0, w))


def test_the_encoded_numbers_are_robustly_scaled_and_clipped():
    rng = np.random.default_rng(0)
    X = (rng.normal(size=(300, 3)) ** 3).astype(np.float32)
    for scaling in "robust", "standard":
        for clip in "no", "yes":
            out = learn("linear", "regression", X, X[:, 0], args={"scaling": scaling, "clip": clip})
            q1, q2, q3 = np.quantile(X.astype(float), [0.25, 0.5, 0.75], axis=0)
            A = (X - q2) / (q3 - q1) if scaling == "robust" else (X - X.mean(0, dtype=float)) / X.std(0, dtype=float)
            A = A / np.sqrt(1 + (A / 3) ** 2) if clip == "yes" else A
            np.testing.assert_allclose(out["dense"].reshape(300, 3), A, rtol=1e-6, atol=1e-6)


def test_margins_are_the_weighted_sums_of_the_encoded_matrix():
    A, y, W, b, out = fit("multiclass", 4, 200, 5, 3, 1, 0)
    np.testing.assert_allclose(out["margin"].reshape(200, 3), A @ W.T + b, rtol=1e-12, atol=1e-12)
