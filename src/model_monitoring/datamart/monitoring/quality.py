"""Quality monitoring: predictions against the labels that came later."""

from collections.abc import Sequence
from datetime import UTC

import numpy as np
import pandas as pd

from model_monitoring.analysis import not_measured
from model_monitoring.analysis.quality import evaluation
from model_monitoring.analysis.quality.rows import usable
from model_monitoring.analysis.wording import counted
from model_monitoring.datamart import contract
from model_monitoring.datamart.monitoring import expecting
from model_monitoring.datamart.monitoring.base import Monitor
from model_monitoring.datamart.monitoring.decisions import Rule
from model_monitoring.datamart.monitoring.outcomes import Measurement, Outcome, refuse_erased
from model_monitoring.datamart.rows import windows

GATES = {"binary": "area_under_roc", "multiclass": "accuracy", "regression": "r2"}


class QualityMonitoring(Monitor):
    """Quality of one subscription's predictions."""

    name = "quality"
    metrics_view = "QualityMetrics"

    def enable(
        self, threshold: float = 0.8, min_records: int = 10, max_records: int | None = None
    ) -> dict:
        """Switch quality monitoring on.

        `threshold` is the lower limit of the gate: area_under_roc for a binary model, accuracy for
        a multiclass model, r2 for a regression. A run takes the newest `max_records` labelled rows
        and needs at least `min_records`.

        Raises:
            ValueError: there is no payload yet.
        """
        self._subscription.table()
        gate = GATES[self._subscription.asset["problem_type"]]
        parameters = {
            "threshold": threshold,
            "min_records": min_records,
            "max_records": max_records,
        }
        return self._enable(parameters, {gate: (threshold, None)})

    def _seen(self, parameters: dict, by: Rule) -> str:
        gate = GATES[self._subscription.asset["problem_type"]]
        rows, last = self._window(parameters), self._last_measured()
        positives = None
        if gate == "area_under_roc" and last and last["details"].get("confusion_matrix"):
            details, positive = last["details"], self._subscription.asset["positive_label"]
            true = dict(zip(details["labels"], map(sum, details["confusion_matrix"]), strict=True))
            positives = true.get(positive, 0) / rows
        return expecting.quality(gate, parameters["threshold"], rows, positives, by)

    def _measure(self, parameters: dict) -> Outcome:
        asset = self._subscription.asset
        rows, window, labelled = windows.judged(
            self._subscription, asset, parameters["max_records"]
        )
        answers = {name: rows[name] for name in ("label", "prediction")}
        known = contract.classes(asset) or ()
        fine, scores, left = usable(asset["problem_type"], answers, rows.get("probability"), known)
        count = int(fine.sum())
        if count < max(1, parameters["min_records"]):
            found = counted(count, "labelled scored row")
            reason = f"{found}, {parameters['min_records']} needed"
            more = f"; {not_measured.count(left)} not measured" if left else ""
            return Outcome(count, skipped=f"{reason} (min_records){more}", not_measured=left)
        result = evaluation.evaluate(
            asset["problem_type"],
            *(answers[name][fine] for name in answers),
            None if scores is None else _of_classes(scores[fine], known),
            positive_label=asset["positive_label"],
        )
        # Without scores, or if all labels are of one class, there is no ROC curve. Then the next
        # metric in OpenScale's order is the gate.
        gate = next(
            (
                name
                for name in GATES.values()
                if name in result.metrics and result.metrics[name].value is not None
            ),
            None,
        )
        details = {
            # In seconds: by it the monitor's health tells whether labels still come
            "last_label": labelled.replace(tzinfo=UTC).timestamp(),
            "gate": gate,
            # OpenScale's word for the gate's value
            "quality": result.metrics[gate].value if gate else None,
            "labels": result.labels,
            "confusion_matrix": result.confusion_matrix,
        }
        found = [
            # Without an interval nothing tells a value from chance: it opens no alert
            Measurement(
                name,
                m.value,
                m.ci_low,
                m.ci_high,
                chance=1.0 if m.ci_low is None else None,
                method=m.method,
            )
            for name, m in result.metrics.items()
        ]
        return Outcome(
            result.records,
            window,
            found,
            details,
            limits={gate: (parameters["threshold"], None)},
            not_measured=[*left, *result.not_measured],
        )

    def show_confusion_matrix(self, run_uid: str | None = None) -> pd.DataFrame:
        """Return the confusion matrix of a run, by default the last.

        It has a row per true label and a column per prediction.

        Raises:
            ValueError: the run has none (a regression, a skipped run), or it was erased with rows
                that the run read.
        """
        details = self.get_run_details(run_uid)
        refuse_erased(details)
        if not details.get("confusion_matrix"):
            raise ValueError(
                f"Run {details['run_uid']} has no confusion matrix:"
                f" {details.get('reason', 'not a classifier')}."
            )
        labels = details["labels"]
        return pd.DataFrame(
            details["confusion_matrix"],
            index=pd.Index(labels, name="actual"),
            columns=pd.Index(labels, name="predicted"),
        )


def _of_classes(scores: np.ndarray, known: Sequence) -> np.ndarray | pd.DataFrame:
    """Name the classes that probabilities are of, in the order in which they are declared."""
    if scores.ndim > 1 and scores.shape[1] == len(known):
        return pd.DataFrame(scores, columns=list(known))
    return scores
