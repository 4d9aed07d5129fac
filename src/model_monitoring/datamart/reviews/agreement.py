"""How far reviewers agree with each other and with the model, and how long they take.

It also shows how often they changed their minds.
"""

from dataclasses import dataclass

import pandas as pd

from model_monitoring.analysis.quality.kappa import kappa
from model_monitoring.analysis.quality.metric import Metric
from model_monitoring.datamart.postgres.database import Database

_BOUNDS = ["kappa_low", "kappa_high", "kappa_method"]
# What each reviewer said on their own. If the prediction is shown last, this is the answer before
# it was shown. Answers of a reviewer who was asked because others differ aren't included: those
# rows are the hard ones.
INDEPENDENT = """
    SELECT task_id, position, reviewer, said, label, first_label, seconds FROM (
        SELECT l.*, coalesce(l.first_label, l.label) AS said,
            extract(epoch FROM a.submitted_at - a.accepted_at)::float8 AS seconds,
            dense_rank() OVER (PARTITION BY l.task_id ORDER BY a.submitted_at, a.reviewer)
            <= (f.content->>'task_count')::integer AS independent
        FROM review_label l JOIN review_answer a USING (task_id, reviewer) JOIN review_task t
            USING (task_id)
        JOIN review_form f USING (form_id) WHERE %(id)s IS NULL OR t.subscription_id = %(id)s
    ) each WHERE independent"""


@dataclass(frozen=True)
class Agreement:
    """How reviewers agree, in completed and open tasks alike.

    `pairs`: reviewer, other, rows, agreement (share), kappa with its 95% interval (kappa_low,
    kappa_high) and how that was made (kappa_method). `reviewers`: reviewer, rows, agreement and
    kappa with the model (and the same three of the latter), changed (labels changed after the
    prediction was shown), median seconds per task. `confusion`: rows by the model's prediction
    (index) and the decided label (columns). `decided`: rows by how their label was decided.
    `turnaround`: median and 95th percentile of the hours from a task's creation to its completion,
    and the number of tasks.
    """

    pairs: pd.DataFrame
    reviewers: pd.DataFrame
    confusion: pd.DataFrame
    decided: dict[str, int]
    turnaround: dict[str, float | int | None]


def measure(database: Database, subscription_id: int | None) -> Agreement:
    """Measure agreement in one subscription, or in all."""
    which = {"id": subscription_id}
    said = database.frame(INDEPENDENT, which)
    rows = database.frame(
        "SELECT r.task_id, r.position, r.prediction, r.label, r.decided_by, t.state"
        " FROM review_row r JOIN review_task t USING (task_id) WHERE %(id)s IS NULL"
        " OR t.subscription_id = %(id)s",
        which,
    )
    turnaround = database.rows(
        """SELECT count(*) AS tasks, percentile_cont(0.5) WITHIN GROUP (ORDER BY hours) AS
            median_hours,
            percentile_cont(0.95) WITHIN GROUP (ORDER BY hours) AS p95_hours FROM (
            SELECT extract(epoch FROM finished_at - created_at)::float8 / 3600 AS hours
                FROM review_task
            WHERE state = 'completed' AND (%(id)s IS NULL OR subscription_id = %(id)s)) t""",
        which,
    )[0]
    decided = rows[rows["decided_by"].notna()]
    known = decided[decided["label"].notna() & decided["prediction"].notna()]
    return Agreement(
        pairs=_pairs(said.dropna(subset="said")),
        reviewers=_reviewers(said, rows),
        confusion=pd.crosstab(known["prediction"], known["label"]),
        decided={
            str(how): int(count) for how, count in decided["decided_by"].value_counts().items()
        },
        turnaround=turnaround,
    )


def _pairs(said: pd.DataFrame) -> pd.DataFrame:
    """Compare every two reviewers on the rows that both have labelled."""
    both = said.merge(said, on=["task_id", "position"], suffixes=("", "_other"))
    both = both[both["reviewer"] < both["reviewer_other"]]
    found = [
        (
            *names,
            len(rows),
            float((rows["said"] == rows["said_other"]).mean()),
            *_bounded(kappa(rows["said"], rows["said_other"])),
        )
        for names, rows in both.groupby(["reviewer", "reviewer_other"])
    ]
    columns = ["reviewer", "other", "rows", "agreement", "kappa", *_BOUNDS]
    return pd.DataFrame(found, columns=columns).astype(
        dict.fromkeys(["kappa", *_BOUNDS[:2]], float)
    )


def _bounded(found: Metric) -> tuple:
    return found.value, found.ci_low, found.ci_high, found.method


def _reviewers(said: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """Compare each reviewer with the model, and measure how long a task takes them."""
    said = said.merge(rows[["task_id", "position", "prediction"]], on=["task_id", "position"])
    found = []
    for name, theirs in said.groupby("reviewer"):
        known = theirs.dropna(subset=["said", "prediction"])
        changed = theirs["first_label"].notna() & (theirs["first_label"] != theirs["label"])
        agreed = float((known["said"] == known["prediction"]).mean())
        seconds = theirs.drop_duplicates("task_id")["seconds"].median()
        found.append(
            (
                name,
                len(theirs),
                agreed,
                *_bounded(kappa(known["said"], known["prediction"])),
                int(changed.sum()),
                seconds,
            )
        )
    columns = [
        "reviewer",
        "rows",
        "agreement_with_model",
        "kappa_with_model",
        *_BOUNDS,
        "changed",
        "median_seconds",
    ]
    return pd.DataFrame(found, columns=columns).astype(
        dict.fromkeys(["kappa_with_model", *_BOUNDS[:2]], float)
    )
