"""Drift of one window of rows: whatever it holds is measured, or said not to be."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from model_monitoring.analysis.data_quality import consistency, constraints, violations
from model_monitoring.analysis.data_quality.statistics import Profile, profile
from model_monitoring.analysis.not_measured import NotMeasured
from model_monitoring.analysis.quality.metric import proportion
from model_monitoring.datamart.monitoring.outcomes import Measurement

# What a window's rows may raise: none of it ends a run, and the next window is measured
_UNFIT = (ValueError, TypeError, ArithmeticError, LookupError)


def columns(
    rows: pd.DataFrame, baseline: Mapping, left: list[NotMeasured]
) -> tuple[list[Measurement], Profile | None, dict]:
    """Hold a window's columns against the baseline; return measurements, profile and details."""
    rules, known = baseline["constraints"], baseline["statistics"]
    try:
        watched = [feature["name"] for feature in known["features"]]
        textual = [one["name"] for one in known["features"] if one["inferred_type"] == "String"]
        seen = profile(rows[watched], constraints.domains(rules), textual)
        found, table, chances = violations.examine(seen, rules, known)
        left += violations.not_measured(seen, rules, known, table)
    except _UNFIT as error:
        names = ("drifted_features", "violations")
        left += [NotMeasured("metric", name, str(error)) for name in names]
        return [Measurement(name, None) for name in names], None, {}
    # A column that usually is measured might have drifted
    partial = any(one.kind == "column" and not one.lasting for one in left)
    drifted = table["drifted"]
    # How often clean windows come to such a value: the smallest q-value of what counts
    least = float(table.loc[drifted, "q_value"].min()) if drifted.any() else 1.0
    measurements = [
        Measurement("drifted_features", float(drifted.sum()), partial=partial, chance=least),
        Measurement(
            "violations", float(len(found)), partial=partial, chance=min(chances, default=1.0)
        ),
        *(
            Measurement("drift_distance", row.distance, slice=row.feature)
            for row in table.itertuples()
        ),
    ]
    plain = table.replace({np.nan: None, np.inf: None}).to_dict("records")
    return measurements, seen, {"violations": found, "drift": plain}


def inconsistent(
    rows: pd.DataFrame, baseline: Mapping, left: list[NotMeasured]
) -> tuple[list[Measurement], consistency.Consistency | None]:
    """Find the rows of a window that break what was learned; return the measurement and them."""
    name = "data_drift_magnitude"
    try:
        found = consistency.find_inconsistent(rows, baseline["consistency"])
    except _UNFIT as error:
        left.append(NotMeasured("metric", name, str(error)))
        return [Measurement(name, None)], None
    share = proportion(int(found.rows.sum()), len(found.rows))
    measured = Measurement(name, share.value, share.ci_low, share.ci_high, method=share.method)
    return [measured], found


def defined(measurement: Measurement) -> Measurement:
    """Put None, PostgreSQL's NULL, in the place of a value that isn't a number."""
    return (
        replace(measurement, value=None) if measurement.value != measurement.value else measurement
    )
