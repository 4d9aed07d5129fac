"""Fairness monitoring: whether a model treats groups of people alike.

It looks at live traffic, and at perturbed copies (twins) of its rows.
"""

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import pandas as pd

from model_monitoring.analysis.fairness import report
from model_monitoring.analysis.fairness.clarify import bias_drift
from model_monitoring.analysis.fairness.clarify.analysis import analysis
from model_monitoring.analysis.fairness.evaluation import Fairness, evaluate
from model_monitoring.analysis.fairness.groups import Feature
from model_monitoring.analysis.fairness.outcomes import outcomes
from model_monitoring.analysis.fairness.perturbation import perturb
from model_monitoring.datamart import asking
from model_monitoring.datamart.companion.settings import Companion
from model_monitoring.datamart.monitoring import expecting
from model_monitoring.datamart.monitoring import fairness_results as results
from model_monitoring.datamart.monitoring import fairness_settings as settings
from model_monitoring.datamart.monitoring.base import Monitor
from model_monitoring.datamart.monitoring.decisions import Rule
from model_monitoring.datamart.monitoring.outcomes import Outcome, refuse_erased
from model_monitoring.datamart.postgres.jsonb import as_json
from model_monitoring.datamart.rows import chosen
from model_monitoring.datamart.watched import WatchedModel

REPORT_STYLE = report.CSS
# At most this many rows get twins: the endpoint scores some thousands of twins in a run
TWINS_OF = 1000


class FairnessMonitoring(Monitor):
    """Fairness of one subscription's predictions."""

    name = "fairness"
    metrics_view = "FairnessMetrics"

    def __init__(
        self,
        subscription: WatchedModel,
        after_run: Callable[[Mapping, Sequence[Mapping]], dict],
        described_companion: Callable[[], dict | None],
    ):
        """Monitor a model's fairness.

        `after_run` is called with the parameters and groups of a run whose parameters have a
        companion; it returns what it did. `described_companion` returns what the report says about
        the companion.
        """
        super().__init__(subscription)
        self._after_run = after_run
        self._described_companion = described_companion

    def enable(
        self,
        features: Sequence[Feature],
        favourable_classes: Sequence,
        unfavourable_classes: Sequence | None = None,
        min_records: int = 100,
        *,
        max_records: int = 10_000,
        intersections: Sequence[Sequence[str]] = (),
        group_variable: str | None = None,
        perturbation: bool = True,
        companion: Companion | None = None,
    ) -> dict:
        """Switch fairness monitoring on.

        Args:
            features: protected attributes, each with its groups and the fairness score below which
                a group counts as biased.
            favourable_classes: predictions that favour a person; for a regression, ranges [low,
                high].
            unfavourable_classes: the other predictions that count; None means all others.
            min_records: windows with fewer rows aren't measured.
            max_records: a run takes this many of the newest rows.
            intersections: names of features to cross, for example [("sex", "age")].
            group_variable: the feature whose values are the strata of CDDL and CDDPL.
            perturbation: have the endpoint score the twins of up to 1,000 rows, as OpenScale did;
                without it, the fairness score compares live traffic.
            companion: deploy a de-biased companion as soon as a run finds bias.

        Raises:
            ValueError: an attribute isn't logged or is listed twice, groups or outcomes overlap or
                are empty, a number of records isn't positive, or this model can't have the
                companion.
        """
        asset = self._subscription.asset
        settings.check_logged(self._subscription, asset, features, group_variable)
        settings.check_groups(features, intersections)
        outcomes([], favourable_classes, unfavourable_classes, "favourable_classes")
        for what, number in (("min_records", min_records), ("max_records", max_records)):
            if not isinstance(number, int) or number < 1:
                raise ValueError(f"{what} is {number!r}; it must be a whole number above 0.")
        if companion and not self._subscription.region:
            raise ValueError(
                "A companion needs a model on SageMaker: this one is served by another engine."
            )
        if companion:
            companion.check(asset, features, favourable_classes, unfavourable_classes)
        parameters = {
            "features": [asdict(feature) for feature in features],
            "favourable_classes": list(favourable_classes),
            "unfavourable_classes": None
            if unfavourable_classes is None
            else list(unfavourable_classes),
            "min_records": min_records,
            "max_records": max_records,
            "intersections": [list(names) for names in intersections],
            "group_variable": group_variable,
            "perturbation": perturbation,
            "companion": companion and asdict(companion),
        }
        as_json(parameters, f"{self.name} parameters")  # raises an error for bad text first
        settings.check_spelled(self._subscription, features, favourable_classes)
        return self._enable(parameters, {})

    def _seen(self, parameters: dict, by: Rule) -> str:
        strictest = max(feature["threshold"] for feature in parameters["features"])
        return expecting.fairness(strictest, max(1, self._window(parameters) // 2), by)

    def _measure(self, parameters: dict) -> Outcome:
        rows = chosen.newest(self._subscription, parameters["max_records"])
        if len(rows) < max(1, parameters["min_records"]):
            return Outcome(
                len(rows),
                skipped=f"{len(rows)} rows, {parameters['min_records']} needed (min_records)",
            )
        output = self._subscription.asset["prediction_column"]
        features = [Feature(**feature) for feature in parameters["features"]]
        twins = None
        if parameters["perturbation"]:
            twins = perturb(
                rows.features,
                features,
                lambda part: asking.ask(self._subscription, part, output)[output],
                sample=TWINS_OF,
            )
        strata = parameters["group_variable"]
        found = evaluate(
            rows.features,
            features,
            favourable=parameters["favourable_classes"],
            unfavourable=parameters["unfavourable_classes"],
            predictions=rows.answers[output],
            labels=rows.labels,
            group_variable=rows.features[strata] if strata else None,
            intersections=parameters["intersections"],
            perturbed=twins,
        )
        about = {
            "favourable_classes": parameters["favourable_classes"],
            "labelled_rows": int(pd.notna(rows.labels).sum()),
            "perturbed_rows": 0 if twins is None else len(twins),
        }
        measured = list(results.measurements(found))
        details, left = results.details(found) | about, found.not_measured
        return Outcome(len(rows), rows.window, measured, details, not_measured=left)

    def _run(self, run_uid: str, details: dict) -> None:
        super()._run(run_uid, details)
        run = self.get_run_details(run_uid)
        if run["state"] != "finished" or not details["parameters"]["companion"]:
            return
        try:
            done = self._after_run(details["parameters"], run["groups"])
        # The measurements are kept; the run says what went wrong afterwards
        except Exception as error:
            done = {"error": str(error)}
            warnings.warn(f"The companion: {error}", stacklevel=2)
        self._database.execute(
            "UPDATE run SET details = details || %s WHERE run_uid = %s",
            [as_json({"companion": done}), run_uid],
        )

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
            found = self._database.rows(
                "SELECT run_uid FROM run"
                " WHERE (subscription_id, monitor, state) = (%s, %s, 'finished')"
                " ORDER BY started DESC LIMIT 1",
                [self._subscription.subscription_id, self.name],
            )
            run_uid = str(found[0]["run_uid"]) if found else None
        run = self.get_run_details(run_uid)
        refuse_erased(run)
        if run["state"] != "finished":
            raise ValueError(
                f"Run {run['run_uid']} measured nothing: {run.get('reason') or run.get('error')}."
            )
        return run

    def _result(self, run_uid: str | None) -> Fairness:
        return results.from_details(self._measured_run(run_uid))
