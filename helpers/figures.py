"""The notebooks' plots: small, safe for colour-blind readers, with the finding as the title."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike
from scipy.special import expit
from sklearn.metrics import auc, roc_curve

BLUE, ORANGE, GREEN = sns.color_palette("colorblind", 3)
GREY = "0.45"
PROBABILITY = "probability of the favourable outcome"
# Fixed, so that the pinned matplotlib draws the same bytes on every machine.
STYLE = {
    "figure.dpi": 100,
    "figure.titleweight": "bold",
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.titleweight": "bold",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "errorbar.capsize": 2,
    "legend.frameon": False,
}
sns.set_theme(style="ticks", palette="colorblind", font_scale=0.85, rc=STYLE)  # of all figures


def _axes(width: float, height: float, columns: int = 1) -> np.ndarray:
    figure = plt.figure(figsize=(width, height), layout="constrained")
    return figure.subplots(1, columns, squeeze=False)[0]


def _limit(axis: Axes, value: float, words: str) -> None:
    axis.axvline(value, color=GREY, linestyle="--", label=f"{words} {value:g}")
    axis.autoscale_view(scaley=False)  # else a limit at the edge would be lost in the frame


def _intervals(axis: Axes, table: pd.DataFrame, value: str, **look: object) -> None:
    """Draw each row of `table` as a dot at the value of its column `value`, with its interval."""
    # Lists: pandas 2.3 warns of a Series of one row
    reach = [list(table[value] - table["ci_low"]), list(table["ci_high"] - table[value])]
    axis.errorbar(table[value], table["place"], xerr=reach, **look)


def _finish(axis: Axes, title: str, rows=None, legend: str | None = "below", **settings) -> Figure:
    """Set up the axis, with row names from top to bottom if given; return the closed figure."""
    axis.figure.suptitle(title)
    axis.set(**settings)
    if rows is not None:
        axis.set(yticks=range(len(rows)), yticklabels=rows, ylim=(len(rows) - 0.5, -0.5))
    if legend == "below":
        axis.figure.legend(loc="outside lower center", ncols=4)
    elif legend:
        axis.legend(loc=legend)
    # The title is also the text for those who can't see the figure.
    axis.figure._repr_mimebundle_ = lambda **_: ({}, {"image/png": {"alt": title}})
    plt.close(axis.figure)  # else the notebook would show the figure twice
    return axis.figure


def balance(labels: pd.Series, names: Mapping[object, str], title: str) -> Figure:
    """Draw how many cases each label has; `names` maps each label to its name beside the bar."""
    (axis,) = _axes(6.4, 1.8)
    counts = labels.value_counts().reindex(list(names))
    bars = axis.barh(list(names.values()), counts, color=[BLUE, ORANGE])
    shares = [f"{count} ({count / counts.sum():.0%})" for count in counts]
    axis.bar_label(bars, labels=shares, padding=4)
    return _finish(axis, title, legend=None, xlabel="cases", xlim=(0, counts.max() * 1.2))


def distributions(
    frame: pd.DataFrame, columns: Sequence[str], by: str, names: Mapping[object, str], title: str
) -> Figure:
    """Draw the histogram of each column, one colour for each value of `by`, side by side."""
    axes = _axes(2.7 * len(columns), 2.7, columns=len(columns))
    for axis, column in zip(axes, columns, strict=True):
        bins = np.histogram_bin_edges(frame[column], bins=25)
        for (value, name), colour in zip(names.items(), (BLUE, ORANGE), strict=True):
            cases = frame.loc[frame[by] == value, column]
            axis.hist(cases, bins=bins, color=colour, alpha=0.65, label=name)
        axis.set(xlabel=column)
    axes[0].set(ylabel="cases")
    return _finish(axes[-1], title, legend="best")


def roc_curves(labels: ArrayLike, scores: Mapping[str, ArrayLike], title: str) -> Figure:
    """Draw each model's ROC curve; `labels` are 0 or 1, `scores` the positive class's, by model."""
    (axis,) = _axes(5, 3.8)
    looks = ({"color": BLUE}, {"color": ORANGE, "ls": "--"}, {"color": GREEN, "ls": ":"})
    for (name, values), look in zip(scores.items(), looks, strict=False):
        false, true, _ = roc_curve(labels, values)
        axis.plot(false, true, label=f"{name} (AUC = {auc(false, true):.3f})", **look)
    axis.plot([0, 1], [0, 1], color=GREY, linewidth=0.8)
    return _finish(axis, title, xlabel="false positive rate", ylabel="true positive rate")


def score_histogram(scores: ArrayLike, unsure: tuple[float, float], title: str) -> Figure:
    """Draw the histogram of scores from 0 to 1, with the band `unsure` shaded."""
    (axis,) = _axes(6.4, 2.6)
    axis.axvspan(*unsure, color=ORANGE, alpha=0.15, label=f"unsure: {unsure[0]} to {unsure[1]}")
    axis.hist(scores, bins=np.linspace(0, 1, 21), color=BLUE)
    return _finish(axis, title, legend="center", xlabel="score", ylabel="requests", xlim=(0, 1))


def confusion(matrix: ArrayLike, labels: Sequence[str], title: str) -> Figure:
    """Draw a confusion matrix: rows are the true labels, columns the predicted ones."""
    (axis,) = _axes(4.2, 2.8)
    names = {"xticklabels": labels, "yticklabels": labels}
    sns.heatmap(matrix, annot=True, fmt="d", cmap="Blues", cbar=False, ax=axis, **names)
    axis.tick_params(axis="y", rotation=0)
    return _finish(axis, title, legend=None, xlabel="predicted", ylabel="true")


def metrics(table: pd.DataFrame, threshold: float, title: str) -> Figure:
    """Draw the metrics of two models as dots with their intervals, against a lower limit.

    `table` is indexed by the metric's name, with columns model, value, ci_low and ci_high.
    """
    names, models = table.index.unique(), table["model"].unique()
    (axis,) = _axes(6.4, 0.45 * len(names) + 1.5)
    looks = (("o", BLUE, -0.15), ("s", ORANGE, 0.15))
    for model, (marker, colour, shift) in zip(models, looks, strict=True):
        part = table[table["model"] == model].reindex(names)
        part["place"] = np.arange(len(names)) + shift
        _intervals(axis, part, "value", fmt=marker, color=colour, label=model)
    _limit(axis, threshold, "lower limit")
    return _finish(axis, title, rows=names, xlabel="value, with 95% interval")


def differences(table: pd.DataFrame, margin: float, title: str) -> Figure:
    """Draw how far each challenger differs from the champion, and how much worse it may be.

    `table` is indexed by the challenger's name, with columns difference, ci_low, ci_high, passes.
    """
    (axis,) = _axes(6.4, 0.5 * len(table) + 1.1)
    for passes, part in table.assign(place=range(len(table))).groupby("passes"):
        colour = BLUE if passes else ORANGE
        _intervals(axis, part, "difference", fmt="o", color=colour, capsize=3)
    axis.axvline(0, color=GREY, linewidth=0.8)
    _limit(axis, margin, "margin")
    words = "challenger's log loss less the champion's, with 95% interval"
    return _finish(axis, title, rows=table.index, legend="upper right", xlabel=words)


def drift(distances: Mapping[str, float], threshold: float, title: str, shown: int = 8) -> Figure:
    """Draw the drift distance of the features that drifted most, against the limit."""
    largest = pd.Series(distances, dtype=float).nlargest(shown)
    (axis,) = _axes(6.4, 0.3 * len(largest) + 1.1)
    colours = [ORANGE if distance > threshold else BLUE for distance in largest]
    axis.barh(largest.index, largest, color=colours)
    _limit(axis, threshold, "upper limit")
    names = {"xlabel": "drift distance", "xlim": (0, 1)}
    return _finish(axis, title, rows=largest.index, legend="lower right", **names)


def accuracy(table: pd.DataFrame, title: str) -> Figure:
    """Draw the estimated accuracy of each window with its interval, and the true one beside it.

    `table` is indexed by the window's name, with columns estimated, ci_low, ci_high and true.
    """
    (axis,) = _axes(6.4, 0.35 * len(table) + 1.4)
    placed = table.assign(place=range(len(table)))
    _intervals(axis, placed, "estimated", fmt="o", color=BLUE, label="estimated, 95% interval")
    axis.scatter("true", "place", data=placed, marker="D", color=ORANGE, zorder=3, label="true")
    return _finish(axis, title, rows=table.index, xlabel="accuracy")


def disparity(groups: pd.DataFrame, title: str) -> Figure:
    """Draw each group's share of favourable outcomes, minorities beside their majority.

    `groups` has a row for each group, as the fairness evaluation returns it: feature, group, role
    ("majority" or "minority"), rows, favourable_rate, and its interval: rate_low and rate_high.
    """
    (axis,) = _axes(6.4, 0.4 * len(groups) + 1.3)
    placed = groups.rename(columns={"rate_low": "ci_low", "rate_high": "ci_high"})
    placed["place"] = range(len(groups))
    for role, colour, marker in (("majority", BLUE, "o"), ("minority", ORANGE, "s")):
        part = placed[placed["role"] == role]
        _intervals(axis, part, "favourable_rate", fmt=marker, color=colour, label=role)
    axis.xaxis.set_major_formatter("{x:.0%}")
    names = [f"{line.feature} {line.group} ({line.rows})" for line in groups.itertuples()]
    return _finish(axis, title, rows=names, xlabel="favourable outcomes, with 95% interval")


def frontier(
    table: pd.DataFrame, original: Mapping[str, float], threshold: float, title: str
) -> Figure:
    """Draw the accuracy at each level of fairness, the chosen point and the original model.

    `table` has columns fairness, accuracy and chosen (true in one row); `original` the first two.
    """
    (axis,) = _axes(6.4, 3.3)
    names, look = ("fairness", "accuracy"), {"s": 100, "zorder": 3}
    axis.plot(*names, data=table, color=BLUE, marker="o", label="best thresholds")
    axis.scatter(*names, data=table[table["chosen"]], color=GREEN, label="companion", **look)
    axis.scatter(*names, data=original, color=ORANGE, marker="D", label="model", **look)
    axis.margins(0.08)
    _limit(axis, threshold, "lower limit")
    return _finish(axis, title, xlabel="fairness score", ylabel="accuracy")


def waterfall(attributions: pd.Series, base: float, title: str, shown: int = 8) -> Figure:
    """Draw how the features lead from the average prediction to this one, as probabilities.

    `attributions` are in log-odds, by feature; `base` is the average prediction's log-odds.
    """
    order = attributions.abs().sort_values(ascending=False, kind="stable").index
    steps = attributions[order[:shown]]
    steps["all others"] = attributions[order[shown:]].sum()
    levels = expit(base + np.concatenate([[0], steps.cumsum()]))
    changes = np.diff(levels)
    (axis,) = _axes(6.4, 0.3 * len(steps) + 1.4)
    colours = [BLUE if step > 0 else ORANGE for step in steps]
    starts = np.minimum(levels[:-1], levels[1:])
    bars = axis.barh(steps.index, abs(changes), left=starts, color=colours)
    axis.bar_label(bars, [f"{change:+.2f}" for change in changes], padding=4, fontsize=8)
    for level, line, which in ((levels[0], ":", "average"), (levels[-1], "-", "this")):
        words = f"{which} answer: {level:.2f}"
        axis.axvline(level, color=GREY, linestyle=line, zorder=0, label=words)
    limits = (levels.min() - 0.05, levels.max() + 0.08)
    return _finish(axis, title, rows=steps.index, xlabel=PROBABILITY, xlim=limits)


def contrast(scores: Mapping[str, float], threshold: float, title: str) -> Figure:
    """Draw what a change does to the prediction; `scores` are probabilities by case."""
    (axis,) = _axes(6.4, 0.45 * len(scores) + 1.3)
    colours = [BLUE if score >= threshold else ORANGE for score in scores.values()]
    bars = axis.barh(list(scores), list(scores.values()), color=colours, height=0.6)
    axis.bar_label(bars, fmt="%.2f", padding=3, fontsize=8)
    _limit(axis, threshold, "favourable from")
    return _finish(axis, title, rows=list(scores), xlabel=PROBABILITY, xlim=(0, 1))
