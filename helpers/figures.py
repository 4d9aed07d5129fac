"""Every plot of the notebooks: small, in colours that everyone can tell apart, the finding as its
title.
"""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure
from numpy.typing import ArrayLike
from sklearn.metrics import RocCurveDisplay

BLUE, ORANGE, GREEN = sns.color_palette("colorblind", 3)
GREY = "0.45"
# Fixed, so that a figure's bytes are the same wherever the pinned matplotlib draws it.
STYLE = {
    "figure.dpi": 100,
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
}


def _figure(
    rows: int = 1, columns: int = 1, size: tuple[float, float] = (6.4, 3.0)
) -> tuple[Figure, np.ndarray]:
    sns.set_theme(style="ticks", rc={**STYLE, "axes.spines.top": False, "axes.spines.right": False})
    figure, axes = plt.subplots(rows, columns, figsize=size, layout="constrained", squeeze=False)
    return figure, axes.ravel()


def _finish(figure: Figure) -> Figure:
    plt.close(figure)  # the notebook shows the returned figure; without this it would show it twice
    return figure


def balance(labels: pd.Series, names: Mapping[object, str], title: str) -> Figure:
    """Draw how many cases each label has; `names` gives the words beside the bars."""
    figure, (axis,) = _figure(size=(6.4, 1.8))
    counts = labels.value_counts().reindex(list(names))
    bars = axis.barh(list(names.values()), counts, color=[BLUE, ORANGE])
    axis.bar_label(
        bars, labels=[f"{count} ({count / counts.sum():.0%})" for count in counts], padding=4
    )
    axis.set(title=title, xlabel="cases", xlim=(0, counts.max() * 1.2))
    return _finish(figure)


def distributions(
    frame: pd.DataFrame, columns: Sequence[str], by: str, names: Mapping[object, str], title: str
) -> Figure:
    """Draw the histogram of each column, one colour for each value of `by`, side by side."""
    figure, axes = _figure(columns=len(columns), size=(2.7 * len(columns), 2.7))
    for axis, column in zip(axes, columns, strict=True):
        bins = np.histogram_bin_edges(frame[column], bins=25)
        for (value, name), colour in zip(names.items(), (BLUE, ORANGE), strict=True):
            axis.hist(
                frame.loc[frame[by] == value, column],
                bins=bins,
                color=colour,
                alpha=0.65,
                label=name,
            )
        axis.set(xlabel=column, ylabel="cases" if axis is axes[0] else "")
    axes[-1].legend(frameon=False)
    figure.suptitle(title, fontweight="bold", fontsize=STYLE["axes.titlesize"])
    return _finish(figure)


def roc_curves(labels: ArrayLike, scores: Mapping[str, ArrayLike], title: str) -> Figure:
    """Draw the ROC curve of each model: `labels` 0 or 1, `scores` the positive class's, by the
    model's name.
    """
    figure, (axis,) = _figure(size=(4.2, 3.6))
    for (name, values), colour, line in zip(
        scores.items(), (BLUE, ORANGE, GREEN), ("-", "--", ":"), strict=False
    ):
        RocCurveDisplay.from_predictions(
            labels, values, name=name, ax=axis, curve_kwargs={"color": colour, "ls": line}
        )
    axis.plot([0, 1], [0, 1], color=GREY, linewidth=0.8)
    axis.set(title=title, xlabel="false positive rate", ylabel="true positive rate")
    axis.legend(loc="lower right", frameon=False)
    return _finish(figure)


def score_histogram(scores: ArrayLike, unsure: tuple[float, float], title: str) -> Figure:
    """Draw the histogram of scores from 0 to 1, with the band `unsure` shaded."""
    figure, (axis,) = _figure(size=(6.4, 2.6))
    axis.axvspan(*unsure, color=ORANGE, alpha=0.15, label=f"unsure: {unsure[0]} to {unsure[1]}")
    axis.hist(scores, bins=np.linspace(0, 1, 21), color=BLUE)
    axis.set(title=title, xlabel="score", ylabel="requests", xlim=(0, 1))
    axis.legend(frameon=False)
    return _finish(figure)


def confusion(matrix: ArrayLike, labels: Sequence[str], title: str) -> Figure:
    """Draw a confusion matrix: rows are the true labels, columns the predicted ones."""
    figure, (axis,) = _figure(size=(3.6, 2.8))
    sns.heatmap(
        matrix,
        annot=True,
        fmt="d",
        cmap="Blues",
        cbar=False,
        xticklabels=labels,
        yticklabels=labels,
        ax=axis,
    )
    axis.set(title=title, xlabel="predicted", ylabel="true")
    return _finish(figure)


def metrics(table: pd.DataFrame, threshold: float, title: str) -> Figure:
    """Draw metrics as dots with their intervals, against a lower limit.

    `table` is indexed by the metric's name, with columns model, value, ci_low and ci_high.
    """
    names, models = list(table.index.unique()), list(table["model"].unique())
    figure, (axis,) = _figure(size=(6.4, 0.45 * len(names) + 1.5))
    for number, (model, colour, marker) in enumerate(
        zip(models, (BLUE, ORANGE), "os", strict=True)
    ):
        part = table[table["model"] == model].reindex(names)
        height = np.arange(len(names)) + (number - (len(models) - 1) / 2) * 0.3
        reach = [part["value"] - part["ci_low"], part["ci_high"] - part["value"]]
        axis.errorbar(
            part["value"], height, xerr=reach, fmt=marker, color=colour, capsize=2, label=model
        )
    axis.axvline(threshold, color=GREY, linestyle="--", label=f"lower limit {threshold:g}")
    axis.set(
        title=title, xlabel="value, with 95% interval", yticks=range(len(names)), yticklabels=names
    )
    axis.invert_yaxis()
    figure.legend(frameon=False, loc="outside lower center", ncols=3)
    return _finish(figure)


def differences(table: pd.DataFrame, margin: float, title: str) -> Figure:
    """Draw how far challengers differ from the champion, with intervals, against the margin that
    they may be worse.

    `table` is indexed by the challenger's name, with columns difference, ci_low, ci_high (log loss)
    and passes.
    """
    figure, (axis,) = _figure(size=(6.4, 0.5 * len(table) + 1.1))
    for height, row in enumerate(table.itertuples()):
        reach = [[row.difference - row.ci_low], [row.ci_high - row.difference]]
        axis.errorbar(
            row.difference,
            height,
            xerr=reach,
            fmt="o",
            capsize=3,
            color=BLUE if row.passes else ORANGE,
        )
    axis.axvline(0, color=GREY, linewidth=0.8)
    axis.axvline(margin, color=GREY, linestyle="--", label=f"margin {margin:g}")
    axis.set(title=title, xlabel="challenger's log loss less the champion's, with 95% interval")
    axis.set(yticks=range(len(table)), yticklabels=table.index, ylim=(len(table) - 0.5, -0.5))
    axis.legend(frameon=False, loc="upper right")
    return _finish(figure)


def drift(distances: Mapping[str, float], threshold: float, title: str, shown: int = 8) -> Figure:
    """Draw the drift distance of the features that drifted most, against the limit."""
    largest = sorted(distances.items(), key=lambda item: item[1], reverse=True)[:shown]
    figure, (axis,) = _figure(size=(6.4, 0.3 * len(largest) + 1.1))
    colours = [ORANGE if distance > threshold else BLUE for _, distance in largest]
    axis.barh([name for name, _ in largest], [distance for _, distance in largest], color=colours)
    axis.axvline(threshold, color=GREY, linestyle="--", label=f"upper limit {threshold:g}")
    axis.set(title=title, xlabel="drift distance", xlim=(0, 1))
    axis.invert_yaxis()
    axis.legend(frameon=False, loc="lower right")
    return _finish(figure)


def accuracy(table: pd.DataFrame, title: str) -> Figure:
    """Draw the estimated accuracy of each window with its interval, and the true one beside it.

    `table` is indexed by the window's name, with columns estimated, ci_low, ci_high and true.
    """
    figure, (axis,) = _figure(size=(6.4, 0.35 * len(table) + 1.4))
    height = np.arange(len(table))
    reach = [table["estimated"] - table["ci_low"], table["ci_high"] - table["estimated"]]
    axis.errorbar(
        table["estimated"],
        height,
        xerr=reach,
        fmt="o",
        color=BLUE,
        capsize=2,
        label="estimated, 95% interval",
    )
    axis.scatter(table["true"], height, marker="D", color=ORANGE, zorder=3, label="true")
    axis.set(title=title, xlabel="accuracy", yticks=height, yticklabels=table.index)
    axis.invert_yaxis()
    figure.legend(frameon=False, loc="outside lower center", ncols=2)
    return _finish(figure)


def disparity(groups: pd.DataFrame, title: str) -> Figure:
    """Draw each group's share of favourable outcomes with its 95% interval, minorities beside their
    majority.

    `groups` has a line a group: feature, group, role ("majority" or "minority"), rows,
        favourable_rate, rate_low and
    rate_high, as `monitors.fairness.evaluation` gives them.
    """
    figure, (axis,) = _figure(size=(6.4, 0.4 * len(groups) + 1.3))
    height = np.arange(len(groups))
    for role, colour, marker in (("majority", BLUE, "o"), ("minority", ORANGE, "s")):
        there = (groups["role"] == role).to_numpy()
        part = groups[there]
        reach = [
            part["favourable_rate"] - part["rate_low"],
            part["rate_high"] - part["favourable_rate"],
        ]
        axis.errorbar(
            part["favourable_rate"],
            height[there],
            xerr=reach,
            fmt=marker,
            color=colour,
            capsize=2,
            label=role,
        )
    names = [f"{line.feature} {line.group} ({line.rows})" for line in groups.itertuples()]
    axis.set(
        title=title,
        xlabel="favourable outcomes, with 95% interval",
        yticks=height,
        yticklabels=names,
    )
    axis.xaxis.set_major_formatter("{x:.0%}")
    axis.invert_yaxis()
    figure.legend(frameon=False, loc="outside lower center", ncols=4)
    return _finish(figure)


def frontier(
    table: pd.DataFrame, original: Mapping[str, float], threshold: float, title: str
) -> Figure:
    """Draw what accuracy each degree of fairness costs: the whole frontier, the chosen point, and
    the model as it is.

    `table` has columns fairness, accuracy and chosen (one is true); `original` has fairness and
    accuracy.
    """
    figure, (axis,) = _figure(size=(6.4, 3.3))
    axis.plot(table["fairness"], table["accuracy"], color=BLUE, marker="o", label="best thresholds")
    chosen = table[table["chosen"]]
    axis.scatter(
        chosen["fairness"], chosen["accuracy"], s=120, color=GREEN, zorder=3, label="companion"
    )
    axis.scatter(
        original["fairness"],
        original["accuracy"],
        s=80,
        color=ORANGE,
        marker="D",
        zorder=3,
        label="model",
    )
    axis.axvline(threshold, color=GREY, linestyle="--", label=f"lower limit {threshold:g}")
    axis.set(title=title, xlabel="fairness score", ylabel="accuracy")
    figure.legend(frameon=False, loc="outside lower center", ncols=4)
    return _finish(figure)


def waterfall(attributions: pd.Series, base: float, title: str, shown: int = 8) -> Figure:
    """Draw how features led from the average answer to this one: steps of probability, the largest
    first.

    `attributions` are in log-odds, by feature; `base` is the log-odds that they start from.
    """
    order = attributions.abs().sort_values(ascending=False, kind="stable").index
    steps = pd.concat(
        [attributions[order[:shown]], pd.Series({"all others": attributions[order[shown:]].sum()})]
    )
    ends = 1 / (1 + np.exp(-(base + steps.cumsum())))
    starts = np.concatenate([[1 / (1 + np.exp(-base))], ends[:-1]])
    low, high = min(starts.min(), ends.min()), max(starts.max(), ends.max())
    figure, (axis,) = _figure(size=(6.4, 0.3 * len(steps) + 1.4))
    colours = [BLUE if step > 0 else ORANGE for step in steps]
    axis.barh(steps.index, ends - starts, left=starts, color=colours)
    for place, (start, end) in enumerate(zip(starts, ends, strict=True)):
        right = (max(start, end), place)
        axis.annotate(
            f"{end - start:+.2f}",
            right,
            (4, 0),
            textcoords="offset points",
            va="center",
            fontsize=8,
        )
    axis.axvline(
        starts[0], color=GREY, linestyle=":", zorder=0, label=f"average answer: {starts[0]:.2f}"
    )
    axis.axvline(
        ends.iloc[-1],
        color=GREY,
        linestyle="-",
        zorder=0,
        label=f"this answer: {ends.iloc[-1]:.2f}",
    )
    axis.set(
        title=title, xlabel="probability of the favourable outcome", xlim=(low - 0.05, high + 0.08)
    )
    axis.invert_yaxis()
    figure.legend(frameon=False, loc="outside lower center", ncols=4)
    return _finish(figure)


def contrast(scores: Mapping[str, float], threshold: float, title: str) -> Figure:
    """Draw what a change does to the answer: a bar for each case in `scores` (its words: its
    probability).
    """
    figure, (axis,) = _figure(size=(6.4, 0.45 * len(scores) + 1.3))
    colours = [BLUE if score >= threshold else ORANGE for score in scores.values()]
    bars = axis.barh(list(scores), list(scores.values()), color=colours, height=0.6)
    axis.bar_label(bars, fmt="%.2f", padding=3, fontsize=8)
    axis.axvline(threshold, color=GREY, linestyle="--", label=f"favourable from {threshold:g}")
    axis.set(title=title, xlabel="probability of the favourable outcome", xlim=(0, 1))
    axis.invert_yaxis()
    figure.legend(frameon=False, loc="outside lower center")
    return _finish(figure)
