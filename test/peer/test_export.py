"""A build says the same in every language: ONNX (onnxruntime), C (gcc) and JSON (the reader below) answer as `leat predict`.

Trees and linear models agree to 1e-6, ensembles with nets to 1e-5; rows have missing values, levels and numbers that training
never saw, and numbers that lie on thresholds.  The reader is all that a program needs to use the JSON: it follows
doc/formats/export.md.
"""
import csv
import datetime
import json
import os
import shutil
import subprocess

import numpy as np
import onnxruntime
import pytest

LEAT = os.environ["LEAT"]


# ---------------------------------------------------------------- the reader

def read_graph(graph, rows):
    """Answers of a graph for rows (dicts of texts and floats; missing is absent)."""
    done = []
    for node in graph["nodes"]:
        done.append(OPS[node["op"]](graph, node, [done[node[k]] for k in "abc" if k in node], done, rows))
        if node["type"] == "f32":
            done[-1] = done[-1].astype(np.float32).astype(float)
    return done[graph["answer"]]


def column(graph, node, _, done, rows):
    c = graph["columns"][node["column"]]
    if c["kind"] == "text":
        return [None if r.get(c["name"]) in [None, "", *graph["missing"]] else r[c["name"]] for r in rows]
    return np.array([[float(r.get(c["name"], "nan"))] for r in rows])


def level(graph, node, args, done, rows):
    place = {k: i for i, k in enumerate(node["keys"])}
    n = len(place)
    values = args[0] if isinstance(args[0], list) else [None if np.isnan(v) else v for v in args[0][:, 0]]
    return np.array([[n + 1 if v is None else place.get(v, n)] for v in values])


def pair(graph, node, args, done, rows):
    place = {tuple(k): i for i, k in enumerate(node["keys"])}
    sizes = [len(graph["nodes"][node[k]]["keys"]) for k in "ab"]
    return np.array([[len(place) + 1 if a > sizes[0] or b > sizes[1] else place.get((a, b), len(place))]
                     for a, b in zip(args[0][:, 0], args[1][:, 0])])


def table(node, key="table"):
    return np.array([np.nan if v is None else v for v in node[key]], float).reshape(-1, node["width"])


def trees(graph, node, args, done, rows):
    k, out = node["leaf_values"], np.zeros((len(rows), node["width"]))
    for r, x in enumerate(args[0]):
        for t, tree in enumerate(node["trees"]):
            at = 0
            while tree["left"][at]:
                view, cut = node["views"][tree["view"][at]], tree["cut"][at]
                at = tree["left"][at] + (not goes_left(view["mode"], cut, x[view["column"]]))
            leaf = tree["cut"][at]
            if k == 1:
                out[r, t % node["width"]] += tree["value"][leaf]
            else:
                out[r] += tree["value"][leaf * k:(leaf + 1) * k]
    return out


def goes_left(mode, cut, x):
    if mode == "category":
        return not np.isnan(x) and int(x) in cut
    if abs(x) <= 1e-35:
        x = 0.0
    if np.isnan(x) and mode == "nan is 0":
        x = 0.0
    if np.isnan(x) or (x == 0 and "and 0" in mode):
        return mode.endswith("left")
    return x <= cut


def softmax(graph, node, args, done, rows):
    e = np.exp(args[0] - args[0].max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def plain(f):
    return lambda graph, node, args, done, rows: f(*args) + np.zeros((1, 1))


OPS = {
    "column": column, "level": level, "pair": pair, "trees": trees, "softmax": softmax,
    "row": lambda g, n, a, done, rows: table(n)[a[0][:, 0].astype(int)],
    "const": lambda g, n, a, done, rows: np.repeat(table(n), len(rows), 0),
    "join": lambda g, n, a, done, rows: np.concatenate([done[i] for i in n["list"]], 1),
    "pick": lambda g, n, a, done, rows: a[0][:, n["list"]],
    "linear": lambda g, n, a, done, rows: a[0] @ table(n) + table(n, "other"),
    "if": lambda g, n, a, done, rows: np.where(a[2] != 0, a[0], a[1]),
    "cast": plain(lambda a: a), "isnan": plain(np.isnan), "le": plain(np.less_equal),
    "add": plain(np.add), "sub": plain(np.subtract), "mul": plain(np.multiply), "div": plain(np.divide),
    "min": plain(np.minimum), "max": plain(np.maximum), "exp": plain(np.exp), "log": plain(np.log), "sqrt": plain(np.sqrt),
    "sin": plain(np.sin), "cos": plain(np.cos), "floor": plain(np.floor),
}


# ------------------------------------------------------------------- builds

def make_rows(seed, n, odd=0.0):
    r = np.random.default_rng(seed)
    rows = []
    for _ in range(n):
        row = {"size": f"{r.normal():.3f}", "age": str(r.integers(1, 90)), "town": str(r.choice(["Rome", "Oslo", "Bern", "Lima"])),
               "kind": f"k{int(30 * r.random() ** 2)}", "rate": f"{r.exponential():.2f}", "yes": str(r.choice(["yes", "no"]))}
        if r.random() < odd:
            row[r.choice(["town", "kind"])] = str(r.choice(["Atlantis", "", "?"]))
            row["size"] = str(r.choice(["1e30", "-1e30", "0", "1e-36", row["size"]]))
        for name in row:
            if r.random() < 0.08:
                row[name] = ""
        rows.append(row)
    return rows


def score(row, r):
    size, rate = float(row["size"] or 0), float(row["rate"] or 1)
    return size + (row["town"] == "Oslo") * 1.5 - (row["kind"] in ("k1", "k2", "k5")) + np.sin(3 * rate) + 0.3 * r.normal()


def write(path, rows, target=None):
    with open(path, "w", newline="") as f:
        w = csv.writer(f)
        names = [*rows[0]]
        w.writerow(names + (["answer"] if target else []))
        for i, row in enumerate(rows):
            w.writerow([row[k] for k in names] + ([target[i]] if target else []))


SLOW = 25              # rows that the reader above is asked about
TASKS = {
    "binary": lambda s: "good" if s > 0.7 else "bad",
    "multiclass": lambda s: "low" if s < 0 else "mid" if s < 1.2 else "high",
    "regression": lambda s: f"{100 * s:.2f}",
}
CASES = [("binary", "lightgbm", 1, 1e-6), ("multiclass", "extra_trees", 1, 1e-6), ("regression", "linear", 1, 1e-6),
         ("regression", "mlp,linear,extra_trees", 3, 1e-5), ("binary", "mlp", 1, 1e-5)]


def leat(folder, *words):
    done = subprocess.run([LEAT, *words], capture_output=True, text=True, cwd=folder)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module", params=CASES, ids=lambda c: f"{c[0]} {c[1]}")
def built(request, tmp_path_factory):
    task, learners, trials, close = request.param
    at = tmp_path_factory.mktemp("export")
    rows, r = make_rows(1, 240), np.random.default_rng(2)
    write(at / "train.csv", rows, [TASKS[task](score(row, r)) for row in rows])
    leat(at, "auto", "train.csv", "--target", "answer", "--task", task, "--trials", str(trials), "--learners", learners, "--name", "m",
         "--no-keep", "--until", "train", "--portable")
    new = make_rows(3, 60, odd=0.3) + rows[:20]
    write(at / "new.csv", new)
    answers = json.loads(leat(at, "predict", "m", "new.csv", "--proba", "--json"))["predictions"]
    label = [a["prediction"] for a in answers]
    p = [[v for k, v in a.items() if k.startswith("p_")] or [a["prediction"]] for a in answers]
    return at, new, label, np.array(p, float), close


def near(got, want, close):
    assert np.all(np.isfinite(got))
    assert np.max(np.abs(got - want) / np.maximum(1, np.abs(want))) <= close


def typed(row, kind):
    """A row as programs hold it: floats for numbers."""
    return {k: v if kind[k] == "text" else float(v) for k, v in row.items() if v not in ("", "?")}


def test_json_answers_as_the_build(built):
    at, rows, label, p, close = built
    leat(at, "build", "export", "m", "-o", "m.json")
    graph = json.load(open(at / "m.json"))
    kind = {c["name"]: c["kind"] for c in graph["columns"]}
    near(read_graph(graph, [typed(r, kind) for r in rows[:SLOW]]), p[:SLOW], close)


def test_onnx_answers_as_the_build(built):
    at, rows, label, p, close = built
    leat(at, "build", "export", "m", "-o", "m.onnx")
    session = onnxruntime.InferenceSession(at / "m.onnx", providers=["CPUExecutionProvider"])
    feed = {}
    for i in session.get_inputs():
        assert i.shape[1:] == [1]
        if i.type == "tensor(string)":
            feed[i.name] = np.array([[r[i.name]] for r in rows], object)
        else:
            feed[i.name] = np.array([[float(r[i.name] or "nan")] for r in rows], np.float32 if i.type == "tensor(float)" else float)
    out = dict(zip([o.name for o in session.get_outputs()], session.run(None, feed)))
    near(out.get("probabilities", out["prediction"]), p, close)
    if "probabilities" in out:
        assert out["prediction"][:, 0].tolist() == label
    one = session.run(None, {k: v[:1] for k, v in feed.items()})      # any number of rows
    assert one[0].shape == (1, 1)


COMPILERS = [c for c in ("gcc", "clang", "clang-14") if shutil.which(c)]
MAIN = """
#include <stdio.h>
#include <stdlib.h>
#include "m.c"
int main(void)
{
    static char line[LEAT_COLUMNS][100];
    leat_cell row[LEAT_COLUMNS];
    double out[LEAT_OUTPUTS];
    size_t i;
    for (;;) {
        for (i = 0; i < LEAT_COLUMNS; i++) {
            if (!fgets(line[i], sizeof line[i], stdin)) return 0;
            line[i][strcspn(line[i], "\\n")] = 0;
            row[i].text = line[i];
            row[i].number = *line[i] ? atof(line[i]) : NAN;
        }
        printf("%d", (int)leat_predict(row, out));
        for (i = 0; i < LEAT_OUTPUTS; i++) printf(" %.17g", out[i]);
        printf("\\n");
    }
}
"""


def test_c_answers_as_the_build(built):
    at, rows, label, p, close = built
    leat(at, "build", "export", "m", "-o", "m.c")
    (at / "main.c").write_text(MAIN)
    flags = ["-std=c99", "-Wall", "-Wextra", "-pedantic", "-Werror"]
    compilers = COMPILERS[:2] if (at / "m.c").stat().st_size < 1e6 else COMPILERS[:1]     # a net's weights take a compiler long
    for compiler in compilers:
        done = subprocess.run([compiler, *flags, "-O0", "main.c", "-o", f"m-{compiler}", "-lm"], cwd=at, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    columns = [c["name"] for c in json.loads(leat(at, "build", "show", "m", "--json"))["columns"]]
    cells = "".join(("" if r[c] == "?" else r[c]) + "\n" for r in rows for c in columns)
    for compiler in compilers:
        lines = subprocess.run([at / f"m-{compiler}"], input=cells, capture_output=True, text=True, check=True).stdout.split("\n")[:-1]
        got = np.array([[float(v) for v in line.split()[1:]] for line in lines])
        near(got, p, close)
        if p.shape[1] > 1:
            names = [k[2:] for k in json.loads(leat(at, "predict", "m", "new.csv", "--proba", "--json"))["predictions"][0] if k.startswith("p_")]
            assert [names[int(line.split()[0])] for line in lines] == label


def test_equal_builds_give_equal_files(built):
    at = built[0]
    for ending in ("onnx", "c", "json"):
        leat(at, "build", "export", "m", "-o", f"a.{ending}")
        leat(at, "build", "export", "m", "-o", f"b.{ending}")
        assert (at / f"a.{ending}").read_bytes() == (at / f"b.{ending}").read_bytes()


def test_what_cannot_be_said_is_refused_by_name(tmp_path):
    rows, r = make_rows(1, 200), np.random.default_rng(2)
    write(tmp_path / "train.csv", rows, [TASKS["binary"](score(row, r)) for row in rows])
    leat(tmp_path, "auto", "train.csv", "--target", "answer", "--trials", "1", "--learners", "knn", "--name", "m", "--no-keep", "--until", "train")
    for ending in ("onnx", "c", "json"):
        done = subprocess.run([LEAT, "build", "export", "m", "-o", f"m.{ending}"], capture_output=True, text=True, cwd=tmp_path)
        assert done.returncode == 2
        assert "'knn'" in done.stderr and "--portable" in done.stderr
        assert not (tmp_path / f"m.{ending}").exists()
