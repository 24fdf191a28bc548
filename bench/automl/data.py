"""data.py -- the sets, their splits and their files: the same for leat and every peer.

A set is its _train and _test files put together, read as text so that not one cell changes on its way.  Rows without a
target are dropped.  Split s is scikit-learn's 70/30 split with random_state s, stratified by class.
"""
import os
import pathlib

import pandas as pd
from sklearn.model_selection import train_test_split

TOP = pathlib.Path(__file__).resolve().parents[2]
SHARED = pathlib.Path(os.environ.get("LEAT_BENCH_DATA", TOP.parent / "shared" / "data"))
TARGET = "target"
BINARY = ["titanic", "credit", "telescope", "abalone", "employee", "juice", "grid", "sms"]
MULTICLASS = ["digits", "mice", "poker"]
REGRESSION = ["house", "insurance", "concrete", "energy", "traffic"]
SETS = ["titanic", "credit", "house", "digits", "telescope", "mice", "abalone", "employee", "insurance", "concrete", "energy", "juice",
        "grid", "traffic", "sms", "poker"]
SIX = SETS[:6]
METRIC = {"binary": "auc", "multiclass": "logloss", "regression": "rmse"}


def task_of(name):
    return "binary" if name in BINARY else "multiclass" if name in MULTICLASS else "regression"


def load(name):
    """The whole set, every cell as the text that stands in the file."""
    parts = [pd.read_csv(SHARED / f"{name}_{part}.csv", dtype=str, keep_default_na=False) for part in ("train", "test")]
    frame = pd.concat(parts, ignore_index=True)
    return frame[frame[TARGET] != ""].reset_index(drop=True)


def split(name, number):
    """(train, test) of one split."""
    frame = load(name)
    classes = None if task_of(name) == "regression" else frame[TARGET]
    return train_test_split(frame, test_size=.3, random_state=number, stratify=classes)


def write(name, number, folder):
    """train.csv (with the target), new.csv (without it) and truth.csv in the folder; the number of rows of each part."""
    train, test = split(name, number)
    train.to_csv(folder / "train.csv", index=False)
    test.drop(columns=[TARGET]).to_csv(folder / "new.csv", index=False)
    test[[TARGET]].to_csv(folder / "truth.csv", index=False)
    return {"rows_train": len(train), "rows_test": len(test), "columns": train.shape[1] - 1}
