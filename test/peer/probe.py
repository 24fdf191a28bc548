"""Calls leat-probe (env PROBE) with arrays in and arrays out; see test/probe/probe.h for the boxes."""
import json
import os
import subprocess
import tempfile

import numpy as np

TYPES = {np.dtype("float64"): "f64", np.dtype("float32"): "f32", np.dtype("uint32"): "u32", np.dtype("uint8"): "u8"}
NUMPY = {name: dtype for dtype, name in TYPES.items()}


def write_box(path, arrays):
    with open(path, "wb") as f:
        for name, a in arrays.items():
            a = np.ascontiguousarray(a)
            f.write(f"{name} {TYPES[a.dtype]} {a.size}\n".encode())
            f.write(a.tobytes())


def read_box(path):
    out = {}
    with open(path, "rb") as f:
        while line := f.readline():
            name, kind, n = line.decode().split()
            dtype = NUMPY[kind]
            out[name] = np.frombuffer(f.read(int(n) * dtype.itemsize), dtype)
    return out


def call(*words):
    done = subprocess.run([os.environ["PROBE"], *map(str, words)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def metrics(y, p, classes, w=None):
    """Every metric of the task, by name."""
    arrays = {"y": np.asarray(y, float), "p": np.asarray(p, float).ravel()}
    if w is not None:
        arrays["w"] = np.asarray(w, float)
    with tempfile.TemporaryDirectory() as at:
        write_box(f"{at}/in", arrays)
        lines = call("metric", f"{at}/in", classes).split("\n")
    return {k: float(v) for k, v in (line.split() for line in lines if line)}


def learn(learner, task, X, y, classes=0, args=None, kind=None, levels=None, **arrays):
    """Fit on X (rows x columns, float) and answer with what probe/learn.c tells."""
    X = np.asarray(X, np.float32)
    cols = X.shape[1]
    box = {
        "X": X.T,
        "kind": np.asarray(kind if kind is not None else np.zeros(cols), np.uint8),
        "levels": np.asarray(levels if levels is not None else np.zeros(cols), np.uint32),
        "y": np.asarray(y, float),
        **arrays,
    }
    with tempfile.TemporaryDirectory() as at:
        write_box(f"{at}/in", box)
        said = call("learn", learner, task, classes, json.dumps(args or {}), f"{at}/in", f"{at}/out").split()
        out = read_box(f"{at}/out")
    out.update(zip(said[::2], map(float, said[1::2])))
    return out
