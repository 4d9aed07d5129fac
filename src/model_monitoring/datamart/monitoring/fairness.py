"""Fairness monitoring: whether a model treats groups of people alike.

It looks at live traffic, and at perturbed copies (twins) of its rows.
"""

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict

import pandas as pd

from model_monitoring.analysis.fairness.evaluation import evaluate
from model_monitoring.analysis.fairness.groups import Feature
from model_monitoring.analysis.fairness.outcomes import outcomes
from model_monitoring.analysis.fairness.perturbation import perturb
from model_monitoring.analysis.wording import counted
from model_monitoring.datamart import asking
from model_monitoring.datamart.companion.settings import Companion
from model_monitoring.datamart.monitoring import expecting
from model_monitoring.datamart.monitoring import fairness_results as results
from model_monitoring.datamart.monitoring import fairness_settings as settings
from model_monitoring.datamart.monitoring.decisions import Rule
from model_monitoring.datamart.monitoring.fairness_runs import FairnessRuns
from model_monitoring.datamart.monitoring.outcomes import Outcome
from model_monitoring.datamart.postgres.jsonb import as_json
from model_monitoring.datamart.rows import chosen
from model_monitoring.datamart.watched import WatchedModel

# At most this many rows get twins: the endpoint scores some thousands of twins in a run
TWINS_OF = 1000


class FairnessMonitoring(FairnessRuns):
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
        super().__init__(subscription, described_companion)
        self._after_run = after_run

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
        last = self._last_measured()
        seen = results.smallest(last["details"].get("groups", ()) if last else ())
        if seen is None:
            rows = max(1, parameters["min_records"] // 2)
            strictest = max(feature["threshold"] for feature in parameters["features"])
            groups = max(1, sum(len(feature["minority"]) for feature in parameters["features"]))
            seen = (strictest, (rows, rows), None, groups)
        said = expecting.fairness(*seen, by)
        return f"{said} Twins show smaller ones." if parameters["perturbation"] else said

    def _measure(self, parameters: dict) -> Outcome:
        rows = chosen.newest(self._subscription, parameters["max_records"])
        if len(rows) < max(1, parameters["min_records"]):
            return Outcome(
                len(rows),
                skipped=f"{counted(len(rows), 'row')}, {parameters['min_records']} needed"
                " (min_records)",
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
