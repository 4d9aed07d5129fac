"""What fairness runs found: groups, metrics, findings, and the report."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pandas as pd

from model_monitoring.analysis.fairness import report
from model_monitoring.analysis.fairness.clarify import bias_drift
from model_monitoring.analysis.fairness.clarify.analysis import analysis
from model_monitoring.analysis.fairness.evaluation import Fairness
from model_monitoring.datamart.monitoring import fairness_results as results
from model_monitoring.datamart.monitoring.base import Monitor
from model_monitoring.datamart.monitoring.outcomes import refuse_erased
from model_monitoring.datamart.watched import WatchedModel

REPORT_STYLE = report.CSS


class FairnessRuns(Monitor):
    """The results of one subscription's fairness runs."""

    def __init__(self, subscription: WatchedModel, described_companion: Callable[[], dict | None]):
        super().__init__(subscription)
        self._described_companion = described_companion

    def get_groups(self, run_uid: str | None = None) -> pd.DataFrame:
        """Return what a run found for each group, with the columns of `Fairness.groups`.

        By default it is the last run that measured something.
        """
        return self._result(run_uid).groups

    def show_groups(self, run_uid: str | None = None) -> pd.DataFrame:
        """Return the most important columns of `get_groups`."""
        return self.get_groups(run_uid)[results.SHOWN]

    def get_bias_metrics(self, run_uid: str | None = None) -> pd.DataFrame:
        """Return Clarify's metrics of a run, with the columns of `Fairness.metrics`.

        By default it is the last run that measured something.
        """
        return self._result(run_uid).metrics

    def get_findings(self, run_uid: str | None = None) -> list[str]:
        """Return a sentence about each biased group of a run, by default the last that measured."""
        return self._measured_run(run_uid)["findings"]

    def get_analysis(self, run_uid: str | None = None) -> dict:
        """Return a run as the content of Clarify's analysis.json.

        By default it is the last run that measured something.
        """
        return analysis(self._result(run_uid), self._subscription.asset["label_column"])

    def get_violations(self, baseline: Mapping, run_uid: str | None = None) -> dict:
        """Compare a run with a baseline, an analysis.json, as Clarify's bias monitor does.

        See `bias_drift`.
        """
        return bias_drift.violations(baseline, self.get_analysis(run_uid))

    def render_report(self, run_uid: str | None = None) -> str:
        """Return the fairness report of a run as an HTML page.

        By default it is the last run that measured something.
        """
        run = self._measured_run(run_uid)
        return report.render(
            results.from_details(run),
            subscription=self._subscription.name,
            endpoint=self._subscription.source_uid,
            run=run,
            favourable=run["favourable_classes"],
            companion=self._described_companion(),
        )

    def report(self, path: str | Path, run_uid: str | None = None) -> Path:
        """Write the fairness report to a file and return its path.

        It is a self-contained HTML file of two printed pages.
        """
        path = Path(path)
        path.write_text(self.render_report(run_uid), encoding="utf-8")
        return path

    def _measured_run(self, run_uid: str | None) -> dict:
        if run_uid is None:
            last = self._last_measured()
            run_uid = str(last["run_uid"]) if last else None
        run = self.get_run_details(run_uid)
        refuse_erased(run)
        if run["state"] != "finished":
            raise ValueError(
                f"Run {run['run_uid']} measured nothing: {run.get('reason') or run.get('error')}."
            )
        return run

    def _result(self, run_uid: str | None) -> Fairness:
        return results.from_details(self._measured_run(run_uid))
