"""Makes the stage results in test/report/{loans,wine,prices}: what a run would write, from small models of scikit-learn.

The report is tested and looked at on these.  Run: build/deps/py/bin/python test/report/make_fixture.py
"""
import json
import math
import pathlib
import sys

import numpy as np
import pandas as pd
from sklearn.calibration import calibration_curve
from sklearn.datasets import load_wine
from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor, HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import average_precision_score, log_loss, precision_recall_curve, roc_auc_score, roc_curve
from sklearn.model_selection import KFold, StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

HERE = pathlib.Path(__file__).parent
rng = np.random.default_rng(7)


def r6(x):
    if isinstance(x, dict):
        return {k: r6(v) for k, v in x.items()}
    if isinstance(x, (list, tuple, np.ndarray)):
        return [r6(v) for v in x]
    if isinstance(x, (np.integer,)):
        return int(x)
    if isinstance(x, (float, np.floating)):
        return None if not math.isfinite(x) else float(f"{x:.5g}")
    if isinstance(x, np.bool_):
        return bool(x)
    return x


def loans():
    n = 1800
    d = pd.DataFrame({"loan_id": np.arange(100000, 100000 + n)})
    d["age"] = np.clip(rng.normal(41, 12, n), 18, 82).round()
    d["income"] = np.exp(rng.normal(10.4, .55, n)).round(-2)
    d["amount"] = (d.income * rng.uniform(.1, .9, n)).round(-2)
    d["years_employed"] = np.clip(rng.exponential(6, n), 0, 40).round(1)
    d["purpose"] = rng.choice(["car", "home improvement", "debt consolidation", "education", "medical", "other"], n, p=[.22, .2, .33, .1, .08, .07])
    d["region"] = rng.choice([f"R{i:02d}" for i in range(18)], n)
    d["opened"] = 1.55e9 + rng.uniform(0, 6 * 365 * 86400, n)
    d["late_payments"] = rng.poisson(.7, n).astype(float)
    d["has_guarantor"] = rng.choice(["no", "yes"], n, p=[.8, .2])
    d["score_bureau"] = np.where(rng.random(n) < .18, np.nan, rng.normal(640, 70, n).round())
    d["branch_rating"] = np.where(rng.random(n) < .03, -999, rng.normal(3, 1, n).round(2))
    z = -2.1 + 2.6 * (d.amount / d.income - .4) + .55 * d.late_payments - .05 * (d.years_employed) - .7 * (d.has_guarantor == "yes") \
        - .012 * (d.score_bureau.fillna(640) - 640) + .5 * (d.purpose == "medical") + .0012 * (d.age - 44) ** 2
    d["default"] = np.where(rng.random(n) < 1 / (1 + np.exp(-z)), "yes", "no")
    return d, "default", "binary", "auc", "loans"


def wine():
    w = load_wine(as_frame=True)
    d = w.frame.copy()
    d["target"] = d["target"].map({0: "barolo", 1: "grignolino", 2: "barbera"})
    return d.rename(columns={"target": "cultivar"}), "cultivar", "multiclass", "logloss", "wine"


def prices():
    n = 900
    d = pd.DataFrame({"area": np.exp(rng.normal(4.5, .35, n)).round(), "rooms": rng.integers(1, 7, n).astype(float)})
    d["district"] = rng.choice(["Centre", "North", "South", "Harbour", "Hill"], n)
    d["built"] = rng.integers(1900, 2022, n).astype(float)
    d["distance_km"] = rng.exponential(4, n).round(2)
    d["floor"] = np.where(rng.random(n) < .1, np.nan, rng.integers(0, 12, n))
    base = d.district.map({"Centre": 4200, "North": 2600, "South": 2900, "Harbour": 3600, "Hill": 3900}).to_numpy()
    d["price"] = (d.area * base * np.exp(-.03 * d.distance_km) * (1 + .0008 * (d.built - 1960)) * np.exp(rng.normal(0, .16, n))).round(-2)
    return d, "price", "regression", "rmse", "prices"


def bins_of(x, y, K, task, count=18):
    ok = ~np.isnan(x)
    edges = np.linspace(x[ok].min(), x[ok].max(), min(count, max(2, len(np.unique(x[ok])))) + 1)
    out = []
    for i in range(len(edges) - 1):
        m = ok & (x >= edges[i]) & ((x < edges[i + 1]) | (i == len(edges) - 2))
        out.append({"lo": edges[i], "hi": edges[i + 1], "count": int(m.sum()), **against(y[m], K, task)})
    return out


def against(y, K, task):
    if task == "regression":
        return {"mean": y.mean() if len(y) else None}
    return {"share": [float((y == k).mean()) if len(y) else None for k in range(K)]}


def visualize(d, target, task, y, classes):
    K, cols = len(classes), []
    numeric = []
    for c in d.columns:
        s = d[c]
        role = "target" if c == target else "feature"
        e = {"name": c, "role": role, "count": int(s.notna().sum()), "missing": int(s.isna().sum()), "distinct": int(s.nunique())}
        if c == "loan_id":
            cols.append({**e, "type": "id", "role": "excluded"})
            continue
        if s.dtype == object or str(s.dtype).startswith("str"):
            e["type"] = "boolean" if s.nunique() == 2 else "category"
            vc = s.value_counts()
            e["top"] = [{"value": k, "count": int(v), **against(y[(s == k).to_numpy()], K, task)} for k, v in vc.head(10).items()]
            if len(vc) > 10:
                m = ~s.isin(vc.head(10).index).to_numpy()
                e["other"] = {"value": f"{len(vc) - 10} others", "count": int(m.sum()), **against(y[m], K, task)}
            if role == "feature":
                e["association"] = {"kind": "cramers_v", "value": .11, "strength": .11} if task != "regression" else {"kind": "eta", "value": .31, "strength": .55}
        else:
            x = s.to_numpy(float)
            e["type"] = "datetime" if c == "opened" else "integer" if np.all(np.mod(x[~np.isnan(x)], 1) == 0) else "number"
            q = np.nanpercentile(x, [25, 50, 75])
            e |= {"mean": np.nanmean(x), "sd": np.nanstd(x, ddof=1), "min": np.nanmin(x), "q1": q[0], "median": q[1], "q3": q[2], "max": np.nanmax(x), "skew": float(s.skew())}
            e["bins"] = bins_of(x, y, K, task)
            if e["missing"]:
                m = np.isnan(x)
                e["absent"] = {"value": "missing", "count": int(m.sum()), **against(y[m], K, task)}
            if role == "feature":
                numeric.append(c)
                ok = ~np.isnan(x)
                if task == "binary":
                    a = roc_auc_score(y[ok], x[ok])
                    e["association"] = {"kind": "auc", "value": a, "strength": abs(2 * a - 1)}
                elif task == "regression":
                    rho = pd.Series(x[ok]).corr(pd.Series(y[ok]), method="spearman")
                    e["association"] = {"kind": "spearman", "value": rho, "strength": abs(rho)}
                else:
                    t = pd.crosstab(pd.qcut(x[ok], 8, duplicates="drop"), y[ok]).to_numpy()
                    ex = t.sum(1, keepdims=True) * t.sum(0, keepdims=True) / t.sum()
                    v = math.sqrt(((t - ex) ** 2 / ex).sum() / t.sum() / (min(t.shape) - 1))
                    e["association"] = {"kind": "cramers_v", "value": v, "strength": v}
        cols.append(e)
    td = {"levels": [{"value": k, "count": int((y == i).sum())} for i, k in enumerate(classes)], "missing": 0} if K else \
        {"bins": [{k: v for k, v in b.items() if k != "mean"} for b in bins_of(y, y, 0, "regression", 30)], "missing": 0}
    warn = []
    if "loan_id" in d:
        warn = [{"kind": "id", "column": "loan_id", "text": "column 'loan_id' names the row: it is left out"},
                {"kind": "sentinel", "column": "branch_rating", "text": "column 'branch_rating' holds -999 in 3 % of the rows, far from all other values: probably a mark for missing; --na -999 reads it so"},
                {"kind": "time", "column": "opened", "text": "column 'opened' is a date: if new rows come later than these, judge the build on the latest rows, with --test"}]
    corr = d[numeric].corr().to_numpy()
    return {"stage": "visualize", "seconds": .03, "summary": f"{len(d.columns)} columns, {len(warn)} warnings", "rows": len(d), "columns": len(d.columns),
            "rows_used": len(d), "target": target, "task": task, "classes": classes, "positive": classes[-1] if task == "binary" else None,
            "missing_share": float(d.isna().to_numpy().mean()), "duplicates": 0, "conflicts": 0, "column": cols,
            "correlation": {"kind": "pearson", "names": numeric, "matrix": corr}, "target_distribution": td, "warnings": warn}


def encode(d, target):
    X = pd.DataFrame(index=d.index)
    for c in d.columns:
        if c in (target, "loan_id"):
            continue
        s = d[c]
        X[c] = s.astype("category").cat.codes if s.dtype == object or str(s.dtype).startswith("str") else s
    return X


def downsample(a, n=200):
    return np.unique(np.linspace(0, len(a) - 1, min(n, len(a))).round().astype(int))


def score_of(metric, y, p):
    return {"auc": lambda: roc_auc_score(y, p[:, 1]), "logloss": lambda: log_loss(y, p), "rmse": lambda: float(np.sqrt(np.mean((y - p) ** 2)))}[metric]()


def make(d, target, task, metric, name):
    out = HERE / name
    out.mkdir(exist_ok=True)
    classes = [] if task == "regression" else sorted(d[target].unique())
    y = d[target].to_numpy(float) if task == "regression" else d[target].map({c: i for i, c in enumerate(classes)}).to_numpy()
    X = encode(d, target).astype(float)
    Xf = X.fillna(X.median())
    higher = metric == "auc"
    cv = KFold(5, shuffle=True, random_state=1) if task == "regression" else StratifiedKFold(5, shuffle=True, random_state=1)
    if task == "regression":
        make_m = {"linear": lambda i: make_pipeline(StandardScaler(), Ridge(10.0 ** i)), "lightgbm": lambda i: HistGradientBoostingRegressor(max_iter=80, learning_rate=.03 + .02 * i, max_leaf_nodes=7 + 4 * i),
                  "extra_trees": lambda i: ExtraTreesRegressor(60, min_samples_leaf=2 + i, random_state=0)}
    else:
        make_m = {"linear": lambda i: make_pipeline(StandardScaler(), LogisticRegression(C=10.0 ** (i - 2))), "lightgbm": lambda i: HistGradientBoostingClassifier(max_iter=60, learning_rate=.02 + .02 * i, max_leaf_nodes=5 + 3 * i),
                  "extra_trees": lambda i: ExtraTreesClassifier(60, min_samples_leaf=2 + 2 * i, random_state=0)}
    method = "predict" if task == "regression" else "predict_proba"
    tried, oof = [], {}
    for k, (learner, i) in enumerate([("linear", 0), ("lightgbm", 0), ("extra_trees", 1), ("lightgbm", 2), ("linear", 2), ("extra_trees", 4), ("lightgbm", 4), ("lightgbm", 1)]):
        p = cross_val_predict(make_m[learner](i), Xf, y, cv=cv, method=method)
        folds = [score_of(metric, y[te], p[te]) for _, te in cv.split(Xf, y)]
        oof[k + 1] = p
        cost = {"linear": (.02, .3, 2100), "lightgbm": (.45, 4.1, 180000), "extra_trees": (.8, 11, 2400000)}[learner]
        tried.append({"trial": k + 1, "learner": learner, "params": {"linear": {"penalty": 10.0 ** -i}, "lightgbm": {"learning_rate": .02 + .02 * i, "leaves": 5 + 3 * i, "rounds": 60},
                     "extra_trees": {"trees": 60, "leaf_min": 2 + 2 * i}}[learner], "score": score_of(metric, y, p), "se": float(np.std(folds, ddof=1) / math.sqrt(5)),
                      "fold_score": folds, "fit_s": cost[0] * (1 + .3 * i), "predict_us_row": cost[1] * (1 + .2 * i), "size_bytes": int(cost[2] * (1 + .4 * i)), "peak_bytes": 41_000_000 + 900_000 * k, "state": "done"})
    tried.append({"trial": 9, "learner": "mlp", "params": {}, "score": None, "se": None, "fit_s": None, "state": "failed"})
    board = sorted([t for t in tried if t["score"] is not None], key=lambda t: -t["score"] if higher else t["score"])
    for t in board:
        t["pareto"] = not any((o["score"] >= t["score"] if higher else o["score"] <= t["score"]) and o["fit_s"] <= t["fit_s"] and o["predict_us_row"] <= t["predict_us_row"] and o["size_bytes"] <= t["size_bytes"] and o is not t for o in board)
    top = {}
    for t in board:
        top.setdefault(t["learner"], t)
    weights = dict(zip([t["trial"] for t in top.values()], [.52, .31, .17]))
    p = sum(w * oof[t] for t, w in weights.items())
    build_score, se = score_of(metric, y, p), board[0]["se"] * .96
    js = {"visualize": visualize(d, target, task, y, classes)}
    cats = [c for c in js["visualize"]["column"] if c.get("top") and c["role"] == "feature"]
    miss = [c for c in js["visualize"]["column"] if c["missing"] and c["role"] == "feature"]
    js["preprocess"] = {"stage": "preprocess", "seconds": .02, "summary": f"{X.shape[1]} features from {len(d.columns) - 1} columns", "features": X.shape[1],
                        "step": [{"feature": c, "kind": "number", "from": [c], "how": "as it is, missing stays missing"} for c in X.columns],
                        "dropped": [{"column": "loan_id", "why": "names the row"}] if "loan_id" in d else [],
                        "missing": [{"column": c["name"], "share": c["missing"] / len(d), "how": "trees see that it is missing; elsewhere the median, and a mark"} for c in miss],
                        "encoded": [{"column": c["name"], "levels": c["distinct"], "rare": 0, "how": "codes by frequency for trees, one column a level elsewhere"} for c in cats]}
    num = [c["name"] for c in js["visualize"]["column"] if c.get("bins") and c["role"] == "feature"]
    ideas = [{"feature": f"{a} / {b}", "from": [a, b], "how": "ratio", "n": 1, "gain": g * abs(build_score) * .01, "se": .0025 * abs(build_score), "kept": g > .5}
             for (a, b), g in zip([(num[i], num[j]) for i in range(4) for j in range(i + 1, 4)], [1.9, .4, -.2, .1, -.5, .8])]
    ideas += [{"group": "dates", "from": ["opened"], "how": "year, month, weekday, age in days", "n": 4, "gain": .0004, "se": .0021, "kept": False}] if "opened" in d else []
    for f in ideas:
        f["score"] = board[0]["score"] + (f["gain"] if higher else -f["gain"])
    js["engineer"] = {"stage": "engineer", "seconds": .8, "summary": f"{len(ideas)} ideas, {sum(f['kept'] for f in ideas)} kept", "base_score": board[0]["score"] * (.985 if higher else 1.015), "score": board[0]["score"],
                      "metric": metric, "tried": ideas, "features": X.shape[1] + sum(f["kept"] for f in ideas)}
    js["select"] = {"stage": "select", "seconds": 3.1, "summary": "9 trials of 4 learners", "metric": metric, "higher": higher, "folds": 5, "validation": "5 folds, stratified by the target", "tried": tried,
                    "order": "Strong defaults come first, learners of different kinds taking turns."}
    best, hist = None, []
    for i in range(24):
        s = board[0]["score"] + rng.normal(-.012, .01) * abs(board[0]["score"]) * (1 if higher else -1)
        s = s if i not in (5, 13) else board[0]["score"] * (1 + (.004 if higher else -.004) * (1 + i / 13))
        best = s if best is None else (max(best, s) if higher else min(best, s))
        hist.append({"trial": 10 + i, "learner": "lightgbm", "score": s, "best": best, "at_s": 3.4 + .21 * i})
    js["tune"] = {"stage": "tune", "seconds": 4.9, "summary": "24 trials", "metric": metric, "higher": higher, "history": hist, "from": "The search started at the best setting of lightgbm and moved where it got better.",
                  "tried": [{"trial": h["trial"], "learner": "lightgbm", "params": {"learning_rate": .05, "leaves": 20 + h["trial"]}, "score": h["score"], "se": se, "fit_s": .5, "state": "done"} for h in hist]}
    js["benchmark"] = {"stage": "benchmark", "seconds": .1, "summary": f"{len(board)} trials compared", "metric": metric, "higher": higher, "leaderboard": board,
                       "paired": [{"a": board[0]["trial"], "b": b["trial"], "difference": board[0]["score"] - b["score"], "se": se * .6, "p": .04 * (i + 1)} for i, b in enumerate(board[1:6])]}
    js["train"] = {"stage": "train", "seconds": .4, "summary": f"{len(weights)} members", "members": [{"trial": t, "learner": tried[t - 1]["learner"], "weight": w, "parts": 5, "scale": 1} for t, w in weights.items()],
                   "score": build_score, "se": se, "best_single": {"learner": board[0]["learner"], "score": board[0]["score"]},
                   "greedy": [{"round": i + 1, "score": board[0]["score"] + (build_score - board[0]["score"]) * (1 - math.exp(-i / 4))} for i in range(25)],
                   "calibration": None if task == "regression" else {"how": "one temperature, fitted out of fold", "scale": 1.08, "shift": 0, "logloss_before": log_loss(y, p) * 1.01, "logloss_after": log_loss(y, p)},
                   "refit": "The models of all folds are kept and averaged.", "size_bytes": 3_140_000, "threshold": .31 if task == "binary" else None}
    js["diagnose"] = diagnose(d, X, Xf, y, p, classes, task, metric, make_m, board, cv, se, target)
    for k, v in js.items():
        (out / f"{k}.json").write_text(json.dumps(r6(v), separators=(",", ":"), ensure_ascii=False))
    test = {m: v * .99 for m, v in js["diagnose"]["metrics"].items()}
    over = {"build": f"{name}@1", "digest": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", "task": task, "target": target, "metric": {"name": metric, "direction": "max" if higher else "min", "value": build_score, "se": se},
            "test": test, "leaderboard": [{k: t[k] for k in ("learner", "score", "se", "fit_s", "predict_us_row", "size_bytes", "pareto")} for t in board],
            "stages": [{"name": k, "seconds": v["seconds"], "summary": v["summary"]} for k, v in js.items()], "warnings": [w["text"] for w in js["visualize"]["warnings"]], "report": "report.html", "wall_s": 9.84,
            "data": f"{name}.csv", "rows": len(d), "columns": len(d.columns), "version": "0.1.0"}
    (out / "overview.json").write_text(json.dumps(r6(over), separators=(",", ":"), ensure_ascii=False))


def diagnose(d, X, Xf, y, p, classes, task, metric, make_m, board, cv, se, target):
    j = {"stage": "diagnose", "seconds": 1.2, "summary": "all diagnostics", "on": "out of fold", "rows": len(d), "task": task, "target": target, "metric": metric, "higher": metric == "auc", "test": None}
    model = make_m["lightgbm"](2).fit(Xf, y)
    if task == "regression":
        e = y - p
        j["metrics"] = {"rmse": float(np.sqrt(np.mean(e ** 2))), "mae": float(np.abs(e).mean()), "r2": float(1 - np.mean(e ** 2) / y.var()), "mape": float(np.mean(np.abs(e / y)))}
        h, edges = np.histogram(e, 30)
        s = np.sort(e)[downsample(e)]
        from scipy.stats import norm
        j["residuals"] = {"fitted": p, "residual": e, "qq": {"theory": norm.ppf((np.arange(len(s)) + .5) / len(s)), "sample": s},
                          "histogram": [{"lo": edges[i], "hi": edges[i + 1], "count": int(h[i])} for i in range(30)]}
        f = lambda Z: model.predict(Z)
    else:
        lab = p.argmax(1)
        K = len(classes)
        j["metrics"] = {"auc": roc_auc_score(y, p[:, 1]) if K == 2 else roc_auc_score(y, p, multi_class="ovr"), "logloss": log_loss(y, p), "accuracy": float((lab == y).mean())}
        if K == 2:
            lab = (p[:, 1] > .31).astype(int)
        j["roc"], j["pr"] = [], []
        for k in ([1] if K == 2 else range(K)):
            fpr, tpr, _ = roc_curve(y == k, p[:, k])
            i = downsample(fpr)
            j["roc"].append({"class": classes[k], "auc": roc_auc_score(y == k, p[:, k]), "fpr": fpr[i], "tpr": tpr[i]})
            pre, rec, _ = precision_recall_curve(y == k, p[:, k])
            i = downsample(rec)
            j["pr"].append({"class": classes[k], "ap": average_precision_score(y == k, p[:, k]), "recall": rec[i][::-1], "precision": pre[i][::-1]})
        conf, hit = (p[:, 1], y) if K == 2 else (p.max(1), (p.argmax(1) == y).astype(int))
        share, mean = calibration_curve(hit, conf, n_bins=10, strategy="quantile")
        j["calibration"] = {"bins": [{"mean": m, "share": s, "n": len(y) // 10} for m, s in zip(mean, share)], "ece": float(np.abs(mean - share).mean()), "brier": float(np.mean((conf - hit) ** 2))}
        j["confusion"] = {"classes": classes, "matrix": [[int(((y == a) & (lab == b)).sum()) for b in range(K)] for a in range(K)]}
        if K == 2:
            o = np.argsort(-p[:, 1])
            i = downsample(o, 100)
            j["lift"] = {"share": (i + 1) / len(y), "gain": np.cumsum(y[o])[i] / y.sum()}
        f = lambda Z: model.predict_proba(Z)[:, 1]
    base = f(Xf)
    imp, shap = [], []
    unit = 1.0 if task != "regression" else y.std()
    for c in X.columns:
        drops, phi = [], None
        for _ in range(3):
            Z = Xf.copy()
            Z[c] = rng.permutation(Z[c].to_numpy())
            drops.append(abs(float(np.mean(np.abs(f(Z) - base)))))
        Z = Xf.copy()
        Z[c] = Xf[c].median()
        phi = (base - f(Z))
        raw = d[c].to_numpy()
        i = rng.choice(len(d), min(200, len(d)), replace=False)
        imp.append({"column": c, "drop": float(np.mean(drops)), "sd": float(np.std(drops)) + .02 * float(np.mean(drops)), "shap": float(np.abs(phi).mean())})
        shap.append({"column": c, "points": [{"value": None if isinstance(raw[k], float) and math.isnan(raw[k]) else (raw[k] if isinstance(raw[k], str) else float(raw[k])), "phi": float(phi[k])} for k in i]})
    order = sorted(range(len(imp)), key=lambda k: -imp[k]["drop"])
    j["importance"] = [imp[k] for k in order]
    j["shap"] = {"columns": [shap[k] for k in order[:12]]}
    j["partial"] = []
    for k in order[:6]:
        c = imp[k]["column"]
        rows = Xf.iloc[rng.choice(len(d), 25, replace=False)]
        words = d[c].dtype == object or str(d[c].dtype).startswith("str")
        levels = sorted(d[c].unique()) if words else None
        grid = list(range(len(levels)))[:12] if words else list(np.unique(np.quantile(Xf[c], np.linspace(.03, .97, 30))))
        ice = np.stack([f(rows.assign(**{c: g})) for g in grid], 1)
        mean = [float(f(Xf.iloc[:300].assign(**{c: g})).mean()) for g in grid]
        j["partial"].append({"column": c, "kind": "category" if words else "number", "grid": [levels[g] for g in grid] if words else grid, "mean": mean, "ice": ice, "class": classes[1] if classes else None})
    loss = np.abs(y - p) if task == "regression" else -np.log(np.clip(p[np.arange(len(y)), y], 1e-9, 1))
    j["slices"] = []
    for c in X.columns[:6]:
        m = (X[c] > X[c].quantile(.8)).to_numpy()
        if m.sum() > 10 and loss[m].mean() > loss[~m].mean():
            j["slices"].append({"where": f"{c} > {X[c].quantile(.8):.4g}", "n": int(m.sum()), "score": None, "loss": float(loss[m].mean()), "rest": float(loss[~m].mean()), "p": .003})
    pts = []
    for share in (.1, .325, .55, .775, 1):
        tr_s, te_s = [], []
        for tr, te in cv.split(Xf, y):
            i = rng.choice(tr, int(share * len(tr)), replace=False)
            if task != "regression" and len(np.unique(y[i])) < len(classes):
                continue
            m = make_m["lightgbm"](1).fit(Xf.iloc[i], y[i])
            g = m.predict if task == "regression" else m.predict_proba
            tr_s.append(score_of(metric, y[i], g(Xf.iloc[i])))
            te_s.append(score_of(metric, y[te], g(Xf.iloc[te])))
        pts.append({"rows": int(share * len(d) * .8), "train": float(np.mean(tr_s)), "valid": float(np.mean(te_s)), "se": float(np.std(te_s, ddof=1) / math.sqrt(len(te_s)))})
    step = .01 * abs(pts[-1]["valid"]) * (1 if metric == "auc" else -1)
    j["learning_curve"] = {"learner": "lightgbm", "points": [{**q, "train_se": q["se"] / 2} for q in pts], "plain": [{**q, "valid": q["valid"] - step} for q in pts]}
    at = [int(math.ceil((i / 32) ** 2 * 400)) for i in range(1, 33)]
    end, bad = pts[-1]["valid"], pts[0]["valid"]
    j["rounds"] = [{"learner": "lightgbm", "trial": t, "first_end": 310, "at": at, "valid": [end + (bad - end) * math.exp(-i / speed) for i in range(32)],
                    "train": [end + (bad - end) * math.exp(-i / speed) - (end - bad) * -.4 * (i / 32) for i in range(32)]} for t, speed in ((1, 5), (7, 9))]
    if task == "regression":
        j["residuals"]["breusch_pagan"] = {"lm": 31.2, "p": 2.3e-8, "slope": .4}
        j["residuals"]["interval"] = {"share": .9, "half": float(np.quantile(np.abs(y - p), .9))}
    else:
        more_classes(j, y, p, lab, conf, hit, classes)
    off = np.abs(y - p) if task == "regression" else 1 - p[np.arange(len(y)), y]
    j["conformal"] = {"kind": "sets" if classes else "intervals that follow the answer", "levels": [
        {"level": q, "coverage": q + .004, "width": float(2 * np.quantile(off, q) if task == "regression" else (p >= 1 - np.quantile(off, q)).sum(1).mean()), "n": len(y)} for q in (.5, .8, .9, .95)]}
    j["groups"] = groups_of(d, y, p if task == "regression" else lab, task, metric, classes)
    j["shuffles"] = 5
    for i in j["importance"]:
        i["p"] = .0004 if i["drop"] > 2 * i["sd"] else .21
    j["shap"].update({"rows": 200, "about": classes[1] if classes else target, "exact": task == "binary", "error": None if task == "binary" else .0031, "off": 3e-12, "base": -.4 if task == "binary" else None})
    for q in j["partial"]:
        if q["kind"] == "number":
            m = np.array(q["mean"])
            q["ale"] = {"at": q["grid"], "effect": list((m - m.mean()) * .8), "n": [60] * (len(m) - 1)}
    for q in j["slices"]:
        q["p_adjusted"] = q["p"] * 6
    j["slices_looked_at"] = 180
    return j


def more_classes(j, y, p, lab, conf, hit, classes):
    from sklearn.metrics import balanced_accuracy_score, precision_recall_fscore_support
    names = ("precision", "recall", "f1", "support")
    each = precision_recall_fscore_support(y, lab, zero_division=0)
    j["confusion"]["report"] = [{"class": c, **{n: float(v[k]) for n, v in zip(names, each)}} for k, c in enumerate(classes)]
    for mean in ("macro", "micro", "weighted"):
        j["confusion"][mean] = dict(zip(names, [*map(float, precision_recall_fscore_support(y, lab, average=mean, zero_division=0)[:3]), len(y)]))
    b, came = j["calibration"]["bins"], float(np.mean(hit))
    rel = sum(x["n"] * (x["mean"] - x["share"]) ** 2 for x in b) / len(y)
    res = sum(x["n"] * (x["share"] - came) ** 2 for x in b) / len(y)
    brier = j["calibration"]["brier"]
    j["calibration"].update({"mce": max(abs(x["mean"] - x["share"]) for x in b), "quantile_bins": b,
                             "murphy": {"brier": brier, "reliability": rel, "resolution": res, "uncertainty": came * (1 - came), "within": brier - rel + res - came * (1 - came)}})
    if len(classes) > 2:
        return
    gain = np.interp(np.arange(11) / 10, np.r_[0, j["lift"]["share"]], np.r_[0, j["lift"]["gain"]])
    j["lift"].update({"lift": np.diff(gain) * 10, "ks": .52, "ks_at": .3})
    at = np.linspace(1, 0, 80)
    said = [p[:, 1] >= t for t in at]
    each = [precision_recall_fscore_support(y, v, average="binary", zero_division=0) for v in said]
    cost = {w: [float((w[0] * (v & (y == 0)) + w[1] * (~v & (y == 1))).mean()) for v in said] for w in ((1, 1), (1, 5), (5, 1))}
    f1, bal = [e[2] for e in each], [balanced_accuracy_score(y, v) for v in said]
    j["threshold"] = {"class": classes[1], "now": .31, "at": at, "flagged": [v.mean() for v in said], "precision": [e[0] for e in each], "recall": [e[1] for e in each], "f1": f1, "balanced_accuracy": bal,
                      "cost": [{"fp": w[0], "fn": w[1], "mean": c, "best": {"threshold": at[int(np.argmin(c))], "value": min(c), "false_alarms": 40, "missed": 61}, "now": c[55]} for w, c in cost.items()],
                      "best": {"f1": {"threshold": at[int(np.argmax(f1))], "value": max(f1), "now": f1[55]}, "balanced_accuracy": {"threshold": at[int(np.argmax(bal))], "value": max(bal), "now": bal[55]}}}


def groups_of(d, y, said, task, metric, classes):
    words = [c for c in d.columns if not pd.api.types.is_numeric_dtype(d[c]) and 2 <= d[c].nunique() <= 8]
    by = d[words[0]].astype(str) if words else pd.Series(np.where(rng.random(len(d)) < .6, "red", "white"), d.index)
    out = []
    for g in sorted(by.unique()):
        m = (by == g).to_numpy()
        x = {"group": g, "n": int(m.sum()), "score": None if task != "regression" else float(np.sqrt(np.mean((y[m] - said[m]) ** 2))), "compared": bool(m.sum() >= 20)}
        x.update({"bias": float((y[m] - said[m]).mean())} if task == "regression" else {"accuracy": float((y[m] == said[m]).mean())})
        if task == "binary":
            x.update({"positives": y[m].mean(), "selection_rate": said[m].mean(), "tpr": said[m][y[m] == 1].mean(), "fpr": said[m][y[m] == 0].mean()})
        out.append(x)
    g = {"column": words[0] if words else "colour", "list": out, "score_difference": .2 if task == "regression" else None}
    if task == "binary":
        low, high = (fn([x["selection_rate"] for x in out]) for fn in (min, max))
        g.update({"class": classes[1], "demographic_parity_difference": high - low, "demographic_parity_ratio": low / high, "equalized_odds_difference": .09, "equalized_odds_ratio": .7, "four_fifths": bool(low / high >= .8)})
    return g


for one in (loans, wine, prices):
    if len(sys.argv) < 2 or one.__name__ in sys.argv[1:]:
        make(*one())
