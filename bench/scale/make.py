#!/usr/bin/env python3
"""bench/scale/make.py -- a CSV of any size with a known nonlinear signal, the same bytes for the same arguments.

Columns: one in five is a category (3 to 60 levels, some levels carry signal), the others are numbers: normal, skewed
(lognormal), integers, and one in ten a noisy copy of another.  A tenth of the columns miss 5 to 30 % of their cells.  The
log-odds of the target (or, with --task regression, its mean) are
    x0 x1 + sin(2 x2) + |x3| - .8 + .7 [x4 > .5][x5 < 0] + two category effects + .5 (x6 > 0) x7
of the first numbers and categories; every other column is noise.  Written in blocks, so that memory stays small.

    bench/scale/make.py ROWS COLUMNS OUT.csv [--task binary|regression] [--seed 1]
"""
import argparse

import numpy as np
import pandas as pd

BLOCK_CELLS = 4_000_000


def plan(columns, random):
    """What each column is: ("category", levels, effects) or ("number", form)."""
    kinds = []
    for j in range(columns):
        if j % 5 == 4:
            levels = int(random.integers(3, 61))
            kinds.append(("category", levels, random.normal(size=levels) * (.8 if j < 10 else 0)))
        else:
            kinds.append(("number", ["normal", "normal", "skewed", "integer"][j % 4] if j >= 10 else "normal"))
    missing = np.where(random.random(columns) < .1, random.uniform(.05, .3, columns), 0.0)
    copies = {j: int(random.integers(0, 10)) for j in range(10, columns) if kinds[j][0] == "number" and random.random() < .1}
    copies = {j: k for j, k in copies.items() if kinds[k][0] == "number"}
    return kinds, missing, copies


def block(rows, kinds, missing, copies, task, random):
    values, signal, numbers = {}, np.zeros(rows), []
    for j, kind in enumerate(kinds):
        if kind[0] == "category":
            level = random.integers(0, kind[1], rows)
            signal += kind[2][level]
            values[f"c{j}"] = np.char.add("level", level.astype(str)).astype(object)
        else:
            x = random.normal(size=rows)
            if j in copies:
                x = .8 * values[f"n{copies[j]}"] + .6 * x
            if len(numbers) < 8:
                numbers.append(x)
            x = np.exp(x) if kind[1] == "skewed" else np.round(x * 20) if kind[1] == "integer" else x
            values[f"n{j}"] = np.round(x, 4)
    x = numbers
    signal += x[0] * x[1] + np.sin(2 * x[2]) + np.abs(x[3]) - .8 + .7 * (x[4] > .5) * (x[5] < 0) + .5 * (x[6] > 0) * x[7]
    for (name, column), share in zip(values.items(), missing):
        if share:
            column = column.astype(object)
            column[random.random(rows) < share] = None
            values[name] = column
    y = (random.random(rows) < 1 / (1 + np.exp(-signal))).astype(int) if task == "binary" else np.round(signal + random.normal(size=rows), 4)
    return pd.DataFrame({**values, "target": y})


def main():
    ask = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ask.add_argument("rows", type=int)
    ask.add_argument("columns", type=int)
    ask.add_argument("out")
    ask.add_argument("--task", choices=["binary", "regression"], default="binary")
    ask.add_argument("--seed", type=int, default=1)
    a = ask.parse_args()
    if a.columns < 10 or a.rows < 1:
        ask.error("at least 1 row and 10 columns")
    random = np.random.default_rng(a.seed)
    kinds, missing, copies = plan(a.columns, random)
    step, done = max(1, BLOCK_CELLS // a.columns), 0
    while done < a.rows:
        n = min(step, a.rows - done)
        block(n, kinds, missing, copies, a.task, random).to_csv(a.out, mode="a" if done else "w", header=not done, index=False)
        done += n


if __name__ == "__main__":
    main()
