"""What a fairness run found, as it is stored.

It is stored as measurements, and as details from which the whole result can be read back.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from model_monitoring.analysis.fairness.evaluation import Fairness
from model_monitoring.analysis.not_measured import NotMeasured
from model_monitoring.analysis.quality.metric import EXACT
from model_monitoring.datamart.monitoring.outcomes import Measurement

WORDS = {
    "groups": ["feature", "group", "role"],
    "bias_metrics": ["feature", "group", "stage", "metric"],
}
RATES = ["favourable_rate", "rate_low", "rate_high", "reference_rate"]
SCORES = ["fairness_score", "score_low", "score_high", "threshold"]
CHANCES = ["p_value", "q_value"]
NUMBERS = {
    "groups": ["rows", "favourable", *RATES, *SCORES, *CHANCES],
    "bias_metrics": ["value", "ci_low", "ci_high", "rows"],
}
METHOD = {
    "groups": "score_method",
    "bias_metrics": "method",
}  # of an interval, or why there is none
REST = {"groups": ["biased", "finding", "warning"], "bias_metrics": ["note"]}
SHOWN = [
    "feature",
    "group",
    "role",
    "rows",
    "favourable_rate",
    "rate_low",
    "rate_high",
    "reference_rate",
]
SHOWN += ["fairness_score", "score_low", "score_high", "threshold", "q_value", "biased", "warning"]


def measurements(found: Fairness) -> Iterator[Measurement]:
    """Yield each group's measurements: rate, score with its own threshold, Clarify's metrics.

    A value that isn't finite is stored as None, and so is the score of a group that is too small to
    judge: it opens and closes no alert. The run's details say why, or which infinity it was.
    """
    for row in found.groups.itertuples():
        part = f"{row.feature}: {row.group}"
        yield Measurement(
            "favourable_rate",
            *_finite(row.favourable_rate, row.rate_low, row.rate_high),
            slice=part,
            method=EXACT,
        )
        if row.role == "minority":
            score = _finite(row.fairness_score, row.score_low, row.score_high)
            score = [None] * 3 if row.warning else score
            yield Measurement(
                "fairness_score",
                *score,
                slice=part,
                limits=(row.threshold, None),
                chance=_finite(row.q_value)[0],
            )
    for row in found.metrics.itertuples():
        values = _finite(row.value, row.ci_low, row.ci_high)
        yield Measurement(row.metric, *values, slice=f"{row.feature}: {row.group}")


def details(found: Fairness) -> dict:
    """Write a result as plain JSON, without NaN or infinity."""
    return {
        "findings": [finding for finding in found.groups["finding"] if finding],
        "groups": records(found.groups),
        "bias_metrics": records(found.metrics),
        "protected": list(found.features),
        "favourable": found.favourable,
        "ignored_rows": found.ignored,
    }


def smallest(groups: Sequence[Mapping]) -> tuple | None:
    """Return what decides which unfairness a run could see of the smallest group it judged.

    These are the group's threshold, the rows of the majority and of the group, the majority's
    favourable rate, and how many groups were judged; None if none was.
    """
    judged = [row for row in groups if row["role"] == "minority" and not row["warning"]]
    if not judged:
        return None
    least = min(judged, key=lambda row: row["rows"])
    majority = sum(
        row["rows"]
        for row in groups
        if row["role"] == "majority" and row["feature"] == least["feature"]
    )
    return least["threshold"], (majority, least["rows"]), least["reference_rate"], len(judged)


def from_details(run: Mapping) -> Fairness:
    """Read a result back from a run.

    A run of an earlier version has no p-values, q-values and methods: they are missing or empty.
    """
    frames = []
    for part in WORDS:
        names = [*WORDS[part], *NUMBERS[part], METHOD[part], *REST[part]]
        frame = pd.DataFrame(run[part]).reindex(columns=names)
        frame[METHOD[part]] = frame[METHOD[part]].astype(object).fillna("")
        frames.append(frame.assign(**{name: pd.to_numeric(frame[name]) for name in NUMBERS[part]}))
    rows, ignored = run["records"] - run["ignored_rows"], run["ignored_rows"]
    left = tuple(NotMeasured(**one) for one in run.get("not_measured", ()))
    return Fairness(tuple(run["protected"]), run["favourable"], rows, ignored, *frames, left)


def records(frame: pd.DataFrame) -> list[dict]:
    """Write a frame as plain JSON: missing values are null, infinity is a string.

    Clarify's files do the same.
    """
    return [
        {name: _plain(value) for name, value in row.items()} for row in frame.to_dict("records")
    ]


def _plain(value: object) -> object:
    if pd.isna(value):
        return None
    if isinstance(value, str) or np.isfinite(value):
        return value
    return "Infinity" if value > 0 else "-Infinity"


def _finite(*values: float | None) -> list[float | None]:
    return [float(value) if value is not None and np.isfinite(value) else None for value in values]
