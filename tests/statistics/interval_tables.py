"""Writes the section on intervals of doc/statistics.md.

    python -m tests.statistics.interval_tables

``RUNS`` windows of each cell are drawn, with seeds; it takes some minutes.
"""

import os
from collections.abc import Iterator

import numpy as np

from tests.statistics import coverage, coverage_fairness, page

RUNS = int(os.environ.get("RUNS", "2000"))
_SHORT = {
    "area_under_roc": "ROC",
    "area_under_pr": "PR",
    "f1_measure": "F1",
    "matthews_correlation_coefficient": "MCC",
    "log_loss": "log loss",
    "brier_score": "Brier",
    "weighted_false_positive_rate": "false positive rate",
    "weighted_precision": "precision",
    "weighted_f_measure": "F",
    "kappa": "kappa",
    "r2": "R²",
    "mean_absolute_error": "MAE",
    "mean_squared_error": "MSE",
}
_KINDS = {
    "Binary": list(_SHORT)[:6],
    "Multiclass": list(_SHORT)[6:9],
    "Agreement": list(_SHORT)[9:10],
    "Regression": list(_SHORT)[10:],
}


def _table(heads: list[str], rows: list[list[str]]) -> Iterator[str]:
    yield ""
    yield f"| {' | '.join(heads)} |"
    yield "|" + "---|" * len(heads)
    for row in rows:
        yield f"| {' | '.join(row)} |"
    yield ""


def _cell(tally: coverage.Tally, name: str) -> str:
    """Write coverage, and in brackets the share of windows without an interval."""
    windows = tally.said[name] + tally.unsaid[name]
    none = f" ({tally.unsaid[name] / windows:.2f})" if windows and tally.unsaid[name] else ""
    return f"{tally.coverage(name):.3f}{none}" if tally.said[name] else f"–{none}"


def quality() -> Iterator[str]:
    """Yield the lines about metrics of quality."""
    rows = [
        [f"{rate:g}", *(f"{coverage.proportion(rate, n)[0]:.3f}" for n in coverage.SIZES)]
        for rate in coverage.RATES
    ]
    yield "Proportions (accuracy, recall, precision, false positive rate), summed without error:"
    yield from _table(["rate", *(f"n = {n}" for n in coverage.SIZES)], rows)
    cells = list(coverage.cells(RUNS))
    for kind, names in _KINDS.items():
        some = [cell for cell in cells if names[0] in cell[2].names()]
        lines = [[cell, str(n), *(_cell(t, name) for name in names)] for cell, n, t in some]
        yield f"{kind}:"
        yield from _table(["model", "n", *(_SHORT[name] for name in names)], lines)


def fairness() -> Iterator[str]:
    """Yield the lines about metrics of fairness."""
    cells = list(coverage_fairness.cells(RUNS))
    rows = []
    for group in coverage_fairness.GROUPS:
        tallies = [tally for _, rows_of, tally in cells if rows_of == group]
        for name in tallies[0].names():
            said = sum(tally.said[name] for tally in tallies)
            windows = said + sum(tally.unsaid[name] for tally in tallies)
            found = [t.coverage(name) for t in tallies if t.said[name] >= RUNS / 4]
            text = f"{min(found):.3f}/{np.mean(found):.3f}" if found else "–"
            rows.append(
                (name, group, text + (f" ({1 - said / windows:.2f})" if said < windows else ""))
            )
    names = list(dict.fromkeys(name for name, _, _ in rows))
    text = {(name, group): cell for name, group, cell in rows}
    groups = coverage_fairness.GROUPS
    lines = [[name, *(text[name, group] for group in groups)] for name in sorted(names)]
    yield "Clarify's metrics, lowest/mean coverage over 12 models by rows of the group:"
    yield from _table(["metric", *map(str, groups)], lines)
    yield "The fairness score without twins, summed without error: coverage, and how often a group"
    yield "is called biased that is fair (1) or exactly at its threshold of 0.8:"
    lines = []
    for rate in coverage_fairness.RATES:
        for group in groups:
            held, fair = coverage_fairness.score(rate, 1.0, group)
            _, edge = coverage_fairness.score(rate, 0.8, group)
            eight = coverage_fairness.any_called(rate, group, RUNS)
            lines.append(
                [f"{rate:g}", str(group), *(f"{v:.3f}" for v in (held, fair, edge, eight))]
            )
    heads = ["rate", "rows of the group", "coverage", "fair", "at 0.8", "any of eight fair groups"]
    yield from _table(heads, lines)


def write() -> None:
    """Write the section."""
    lines = [
        "## Intervals",
        "",
        *_INTRODUCTION.format(runs=RUNS, error=(0.95 * 0.05 / RUNS) ** 0.5).splitlines(),
        "",
    ]
    lines += ["### Quality", "", *quality(), "### Fairness", "", *fairness()]
    page.write("intervals", "\n".join(lines))


_INTRODUCTION = """\
How often an interval of 95% holds the true value, in windows drawn from known models. A number in
brackets is the share of windows in which no interval is given, because too few rows decide it. The
simulated figures are of {runs:,} windows each, so that their standard error is {error:.3f} at .95;
`python -m tests.statistics.interval_tables` writes them. `make test-long` draws more and asks for
at least .92 in each cell and .94 to .98 on average; it takes hours and hasn't been run whole. Area
under PR lies close to that line where positives are rare and rows are 30 (.926 of 2,805 windows at
an AUC of .85). Discrete counts make an exact interval cover more than 95%.

| what | interval |
|---|---|
| proportions | Clopper & Pearson (1934), exact |
| F1 | the same for x = tp/(tp + fp + fn), then 2x/(1 + x) |
| area under ROC | score interval with Hanley & McNeil's variance (Newcombe 2006), scaled by DeLong's |
| area under PR | Wilson's on an effective number of positives (after Boyd, Eng & Page 2013) |
| GE, CDDL, CDDPL | Jeffreys' posterior, or Wilson's on an effective number of rows if that is wider |
| MCC, kappa | the same, and of two priors that favour an end each, as Clopper & Pearson's bounds are |
| weighted averages over classes | the same, longer by the bias that a bootstrap finds (Efron & Tibshirani 1993) |
| log loss, Brier score, R², MAE, MSE, RMSE, average response time | bootstrap-t of the logarithm, m out of n (Bickel, Götze & van Zwet 1997) |
| log loss and Brier score, below | and the exact bound of the rarer class's share, by square-and-add |
| AD, RD, SD, DRR, DAR, DPL, DPPL, TE | Newcombe's square-and-add (1998) of mid-P intervals |
| JS, KL, KS, LP, TVD | the same for the signed difference, so that 0 is held where the groups are equal |
| DI, and the fairness score without twins | score interval of a ratio (Koopman 1984) |
| DCA, DCR | square-and-add of Bonett & Price's intervals (2006) |
| FT | Bonett & Price (2012) |
| the fairness score with twins | Fieller (1954), a row with its twins as one |
"""

if __name__ == "__main__":
    write()
