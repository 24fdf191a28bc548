#!/usr/bin/env python3
"""bench/automl/table.py -- the figures of what run.py has measured: per set, against each peer, and what it cost.

For one budget and one program of leat (--digest, else the newest measured).  Rules:
  error   1 - AUC, log loss or root mean squared error; a cell is mean +- standard error over the splits (or seeds) measured
  paired  peer's error less leat's on the same split; where several seeds share a split, their mean counts
  result  of a set against a peer: a win or a loss where the mean paired difference is at least one standard error of it (with
          one pair alone there is none, and any difference decides); else a tie, which counts half
  ratio   leat's mean error over the peer's on the splits both have, neither taken below 1e-4; over sets by geometric mean, and once more with each held
          within 1/2 and 2, so that one set that somebody solves does not decide
  failed  a peer that gave no model loses the set, and is named; its ratio is of the splits where it gave one
Works with what is there: n says how many pairs.  --markdown prints tables for a note.

    build/deps/py/bin/python bench/automl/table.py [--time 10] [--markdown] [--digest D] [--us leat]
"""
import argparse
import collections
import math
import pathlib
import statistics

import data
import rows

PEERS = ["ag", "flaml", "mljar", "h2o", "lightgbm"]
FLOOR = 1e-4


def mean_se(values):
    if not values:
        return None, None
    return statistics.fmean(values), statistics.stdev(values) / math.sqrt(len(values)) if len(values) > 1 else None


class Measured:
    """The cells of one budget: errors by who, set and split, and the rows themselves."""

    def __init__(self, a):
        ours = rows.read(a.out / "leat.jsonl")
        self.rows, self.error, self.failed = [], collections.defaultdict(dict), collections.defaultdict(list)
        mine = [r for r in ours.values() if r["who"] == a.us and r["budget"] == a.time]
        self.digest = a.digest or (max(mine, key=lambda r: r["at"])["version"] if mine else "none")
        cpus = collections.Counter(r["cpu"] for r in mine if r["version"] == self.digest)
        self.cpu = a.cpu or (cpus.most_common(1)[0][0] if cpus else rows.cpu())
        several = collections.defaultdict(list)
        for r in [*rows.read(a.peers).values(), *(r for r in mine if r["version"] == self.digest)]:
            if r["cpu"] != self.cpu or r["budget"] not in (a.time, 0):
                continue
            self.rows.append(r)
            if "failure" in r:
                self.failed[r["who"], r["set"]].append(r)
            else:
                several[r["who"], r["set"], r["split"]].append(r["error"])
        for (who, name, split), errors in several.items():
            self.error[who, name][split] = statistics.fmean(errors)
        self.us = a.us
        self.peers = [p for p in PEERS if any(w == p for w, _ in [*self.error, *self.failed])]
        self.sets = [s for s in data.SETS if self.error.get((self.us, s))]

    def pairs(self, peer, name):
        us, them = self.error.get((self.us, name), {}), self.error.get((peer, name), {})
        return [(us[s], them[s]) for s in sorted(us) if s in them]

    def result(self, peer, name):
        """("win" "tie" "loss" or None, ratio or None, mean difference, its standard error, pairs)"""
        pairs = self.pairs(peer, name)
        failed = [r for r in self.failed.get((peer, name), []) if r["split"] in self.error.get((self.us, name), {})]
        if not pairs:
            return ("win" if failed else None), None, None, None, 0
        mean, se = mean_se([them - us for us, them in pairs])
        ratio = max(statistics.fmean(u for u, _ in pairs), FLOOR) / max(statistics.fmean(t for _, t in pairs), FLOOR)
        if failed:
            word = "win"
        elif mean == 0 or (se is not None and abs(mean) < se):
            word = "tie"
        else:
            word = "win" if mean > 0 else "loss"
        return word, ratio, mean, se, len(pairs)


def show(lines, markdown):
    """Rows of cells: the first is the head."""
    if markdown:
        print("| " + " | ".join(lines[0]) + " |\n|" + "---|" * len(lines[0]))
        for line in lines[1:]:
            print("| " + " | ".join(line) + " |")
    else:
        widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
        for line in lines:
            print("  ".join(c.ljust(w) if i == 0 else c.rjust(w) for i, (c, w) in enumerate(zip(line, widths))))
    print()


def number(v, form="{:.4g}"):
    return "-" if v is None else form.format(v)


def per_set(m):
    lines = [["set", "metric", "n", m.us, *m.peers, *(f"ratio {p}" for p in m.peers)]]
    marks = {"win": "", "tie": " =", "loss": " LOSS", None: ""}
    for name in m.sets:
        ours = list(m.error[m.us, name].values())
        cells = [name, data.METRIC[data.task_of(name)].replace("auc", "1-auc"), str(len(ours))]
        for who in [m.us, *m.peers]:
            mean, se = mean_se(list(m.error.get((who, name), {}).values()))
            cells.append("failed" if mean is None and m.failed.get((who, name)) else number(mean) + ("" if se is None else f" +-{se:.2g}"))
        for peer in m.peers:
            word, ratio, _, _, _ = m.result(peer, name)
            cells.append(number(ratio, "{:.3f}") + marks[word])
        lines.append(cells)
    return lines


def geometric(ratios):
    return f"{math.exp(statistics.fmean(map(math.log, ratios))):.4f}" if ratios else "-"


def faster(m, peer):
    """How many times as fast as the peer's one row ours is, over the sets."""
    times = []
    for name in m.sets:
        ours, theirs = ([r["row_ms"] for r in m.rows if r["who"] == w and r["set"] == name and "row_ms" in r] for w in (m.us, peer))
        if ours and theirs:
            times.append(statistics.median(theirs) / statistics.median(ours))
    return f"{statistics.median(times):.0f} ({min(times):.1f})" if times else "-"


def against(m):
    lines = [["against", "sets", "pairs", "win", "tie", "loss", "win rate", "geometric mean of ratios", "held", "one row, times as fast: median (least)", "losses (ratio; difference in its standard errors)"]]
    for peer in m.peers:
        got = {name: m.result(peer, name) for name in m.sets}
        got = {name: r for name, r in got.items() if r[0]}
        if not got:
            continue
        count = collections.Counter(r[0] for r in got.values())
        ratios = [r[1] for r in got.values() if r[1]]
        lost = [f"{n} ({r[1]:.3f}" + (f"; {r[2] / r[3]:.1f})" if r[3] else ")") for n, r in got.items() if r[0] == "loss"]
        lines.append([peer, str(len(got)), str(sum(r[4] for r in got.values())), str(count["win"]), str(count["tie"]), str(count["loss"]),
                      f"{(count['win'] + count['tie'] / 2) / len(got):.1%}",
                      geometric(ratios), geometric([min(max(r, .5), 2) for r in ratios]), faster(m, peer), ", ".join(lost) or "none"])
    return lines


def ranks(m):
    """Mean rank by mean error on the splits all share, over the sets where everybody listed has a figure or a failure; a peer
    measured on fewer than three quarters of the sets is not listed."""
    wide = [p for p in m.peers if sum(bool(m.pairs(p, s) or m.failed.get((p, s))) for s in m.sets) * 4 >= len(m.sets) * 3]
    who, total, n = [m.us, *wide], collections.Counter(), 0
    for name in m.sets:
        if not all(m.error.get((w, name)) or m.failed.get((w, name)) for w in who):
            continue
        common = set.intersection(*(set(m.error[w, name]) for w in who if m.error.get((w, name))))
        if not common:
            continue
        score = {w: statistics.fmean(m.error[w, name][s] for s in common) if m.error.get((w, name)) else math.inf for w in who}
        for w in who:
            total[w] += 1 + sum(v < score[w] for v in score.values()) + (sum(v == score[w] for v in score.values()) - 1) / 2
        n += 1
    return [["mean rank over", *who], [f"{n} sets", *(f"{total[w] / n:.2f}" if n else "-" for w in who)]]


COSTS = [("wall s, mean", "wall", statistics.fmean, "{:.2f}"), ("wall s, most", "wall", max, "{:.2f}"), ("peak MiB, median", "peak_mib", statistics.median, "{:.0f}"),
         ("peak MiB, most", "peak_mib", max, "{:.0f}"), ("size MiB, median", "size_bytes", statistics.median, "{:.3g}"), ("size MiB, most", "size_bytes", max, "{:.3g}"),
         ("cold predict s, median", "cold_s", statistics.median, "{:.3g}"), ("cold predict s, most", "cold_s", max, "{:.3g}"),
         ("cold 500 rows ms, most", "cold_500_s", max, "{:.1f}"), ("one row ms, median", "row_ms", statistics.median, "{:.4g}"),
         ("one row ms, most", "row_ms", max, "{:.4g}"), ("rows/s, median", "rows_s", statistics.median, "{:.4g}"), ("rows/s, least", "rows_s", min, "{:.4g}")]
UNIT = {"size_bytes": 2**20, "cold_500_s": 1e-3}


def costs(m):
    who = [m.us, *m.peers]
    lines = [["", *who], ["cells", *(str(sum(r["who"] == w for r in m.rows)) for w in who)], ["failed", *(str(sum(r["who"] == w and "failure" in r for r in m.rows)) for w in who)]]
    for label, field, fold, form in COSTS:
        cells = [label]
        for w in who:
            values = [r[field] / UNIT.get(field, 1) for r in m.rows if r["who"] == w and field in r and "failure" not in r]
            cells.append(form.format(fold(values)) if values else "-")
        lines.append(cells)
    return lines


def promises(m, budget):
    """The rules that hold for every set, and who breaks them: words a line."""
    mine = [r for r in m.rows if r["who"] == m.us]
    if not mine:
        return
    allowed = max(.02 * budget, .2)
    late = [f"{r['set']} split {r['split']} ({r['wall'] - budget:+.2f} s)" for r in mine if r["wall"] - budget > allowed]
    yield f"wall within {budget:g} + {allowed:.2f} s: {len(mine) - len(late)} of {len(mine)}" + (f"; over: {', '.join(late)}" if late else "")
    heavy, slow, ratios = [], [], []
    for name in m.sets:
        theirs = [r for r in m.rows if r["who"] in m.peers and r["set"] == name and "failure" not in r]
        ours = [r for r in mine if r["set"] == name and "failure" not in r]
        if not theirs or not ours:
            continue
        peak, least = max(r["peak_mib"] for r in ours), min(r["peak_mib"] for r in theirs)
        if peak >= least:
            heavy.append(f"{name} ({peak:.0f} against {least:.0f} MiB)")
        tools = [r["row_ms"] for r in theirs if r["who"] != "lightgbm" and "row_ms" in r]
        row = [r["row_ms"] for r in ours if "row_ms" in r]
        if tools and row:
            ratios.append(min(tools) / statistics.median(row))
            if ratios[-1] < 100:
                slow.append(f"{name} ({ratios[-1]:.0f} x)")
    yield "peak memory below the smallest peer's: " + ("every set measured" if not heavy else "not on " + ", ".join(heavy))
    if ratios:
        yield f"one row, times as fast as the fastest AutoML peer: least {min(ratios):.0f}, median {statistics.median(ratios):.0f}" + (f"; under 100 on {', '.join(slow)}" if slow else "")
    big = [f"{r['set']} ({r['size_bytes'] / 2**20:.1f})" for r in mine if r.get("size_bytes", 0) > 10 * 2**20]
    yield "build of at most 10 MiB: " + ("every run" if not big else "not " + ", ".join(big))
    cold = [f"{r['set']} ({r['cold_500_s'] * 1e3:.0f} ms)" for r in mine if r.get("cold_500_s", 0) > .06]
    yield "cold predict of 500 rows within 60 ms: " + ("every run" if not cold else "not " + ", ".join(cold))


def main():
    ask = argparse.ArgumentParser(description="tables of what bench/automl/run.py measured")
    ask.add_argument("--time", type=float, default=10)
    ask.add_argument("--us", default="leat", help="which of leat's rows: leat, or leat-NAME")
    ask.add_argument("--digest", default="", help="which program of leat, by the first 12 digits of its digest")
    ask.add_argument("--cpu", default="")
    ask.add_argument("--out", type=pathlib.Path, default=data.TOP / "build" / "bench", help="folder of leat.jsonl")
    ask.add_argument("--peers", type=pathlib.Path, default=rows.PEERS)
    ask.add_argument("--markdown", action="store_true")
    a = ask.parse_args()
    m = Measured(a)
    print(f"{a.time:g} s, {m.us} {m.digest}, {m.cpu}; ratio under 1: {m.us} is better; '=' a tie, LOSS a loss by the rule in table.py's head\n")
    for lines in (per_set(m), against(m), ranks(m), costs(m)):
        show(lines, a.markdown)
    for line in promises(m, a.time):
        print(f"- {line}")
    words = {(r["who"], r["set"], r["failure"][-160:].replace("\n", " ")) for r in m.rows if "failure" in r}
    for who, name, word in sorted(words):
        print(f"- {who} gave no model on {name}: ... {word}")


if __name__ == "__main__":
    main()
