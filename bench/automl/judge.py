"""judge.py -- one judge for all: the error of an answer file, by scikit-learn.

An answer file is CSV: `prediction` for numbers, else one column `p_<class>` a class.  Errors: 1 - AUC for two classes, log loss
for more, root mean squared error for numbers.  Probabilities are clipped to [1e-15, 1] and each row made to sum to 1 first,
as log loss asks; classes an answer does not name have probability 0.
"""
import math

import numpy as np
import pandas as pd
from sklearn.metrics import log_loss, roc_auc_score


def probabilities(answer, classes):
    """rows x classes, by the classes' names."""
    p = np.zeros((len(answer), len(classes)))
    for k, name in enumerate(classes):
        if f"p_{name}" in answer.columns:
            p[:, k] = answer[f"p_{name}"].astype(float)
    if not np.isfinite(p).all():
        raise ValueError("an answer holds probabilities that are not numbers")
    if not (p > 0).any():
        raise ValueError("an answer names none of the classes: " + ", ".join(answer.columns[:5]))
    p = np.clip(p, 1e-15, 1)
    return p / p.sum(axis=1, keepdims=True)


def error(task, truth_file, answer_file):
    truth = pd.read_csv(truth_file, dtype=str, keep_default_na=False).iloc[:, 0]
    answer = pd.read_csv(answer_file, dtype=str, keep_default_na=False)
    if len(answer) != len(truth):
        raise ValueError(f"{len(answer)} answers for {len(truth)} rows")
    if task == "regression":
        said = answer["prediction"].astype(float).to_numpy()
        return math.sqrt(float(np.mean((truth.astype(float).to_numpy() - said) ** 2)))
    classes = sorted(truth.unique())
    p = probabilities(answer, classes)
    if task == "binary":
        return 1 - roc_auc_score((truth == classes[1]).astype(int), p[:, 1])
    return log_loss(truth, p, labels=classes)
