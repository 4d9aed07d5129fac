"""Baseline and check from files to files.

The command line, a processing job and a Model Monitor image run them.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
from tqdm import tqdm

from .. import not_measured
from ..data_quality import constraints, findings, flags, validation, violations
from ..data_quality.drift import Mode, check_mode
from ..data_quality.statistics import Profile
from ..not_measured import NotMeasured
from . import documents, naming
from .finding import find_files
from .readers import read_chunks
from .reading import Reading

Source = Path | str | Sequence[Path | str]


@dataclass(frozen=True)
class Result:
    """Hold what a run found; ``notes`` say what was skipped or assumed.

    ``profile`` is that of the data, under the baseline's names; model quality has none.
    ``not_measured`` is what the run could not look at, and why; ``muted`` names the features whose
    metrics are switched off (emit_metrics).
    """

    rows: int
    statistics: dict[str, Any]
    violations: list[dict[str, str]]
    drift: pd.DataFrame
    notes: list[str]
    profile: Profile | None = None
    not_measured: list[NotMeasured] = field(default_factory=list)
    muted: frozenset[str] = frozenset()
    mode: Mode = "exact"

    @property
    def is_partial(self) -> bool:
        """Return whether a column or metric wasn't measured that another window would bring."""
        left = (one for one in self.not_measured if one.kind in ("column", "metric"))
        return not all(one.lasting for one in left)

    @property
    def message(self) -> str:
        """Return the exit message, in Model Monitor's words; mode exact counts what was not
        measured, too.
        """
        left_out = not_measured.count(self.not_measured) if self.mode == "exact" else ""
        more = f" Not measured: {left_out}." if left_out else ""
        if self.violations:
            found = f"with {len(self.violations)} violations"
            return f"CompletedWithViolations: Job completed successfully {found}.{more}"
        return f"Completed: Job completed successfully with no violations.{more}"


def as_sources(source: Source) -> list[Path | str]:
    """Return one or more sources as a list."""
    return [source] if isinstance(source, str | Path) else list(source)


def read_profile(
    source: Source,
    *,
    header: bool = True,
    progress: bool = False,
    awaited: Mapping[str, Collection[str]] | None = None,
) -> tuple[Profile, Reading]:
    """Profile documents, folders or a list of them.

    They are read in chunks, so memory use doesn't grow with the number of rows. ``awaited`` strings
    are counted in any case, see Profile.

    Raises:
        ValueError: there is nothing to read, it cannot be read (see readers.read_chunks), or no row
            was usable.
    """
    sources = as_sources(source)
    size = sum(one.path.stat().st_size for source in sources for one in find_files(source))
    profile = Profile(awaited)
    with tqdm(total=size, unit="B", unit_scale=True, disable=not progress, desc="Reading") as bar:
        reading = Reading(progress=bar.update)
        for one in sources:
            for chunk in read_chunks(one, reading, header=header):
                profile.update(chunk)
    if not profile.rows:
        said = f"{', '.join(map(str, sources))} holds no rows: give files with at least one."
        raise ValueError(" ".join([said, *reading.notes]))
    return profile, reading


def run_baseline(
    source: Source,
    output: Path | str,
    *,
    header: bool = True,
    mode: Mode = "exact",
    progress: bool = False,
) -> Result:
    """Write statistics.json and constraints.json of a data set into the folder ``output``.

    Args:
        source: a file or folder, or a list of them: CSV, flat JSON lines, Parquet or captured
            requests.
        output: a folder, made if needed.
        header: whether CSV files begin with column names.
        mode: exact adds the shapes of text columns to statistics.json (see shapes.py), aws doesn't.
        progress: whether to show a progress bar.

    Raises:
        ValueError: see read_profile.
    """
    check_mode(mode)
    profile, reading = read_profile(source, header=header, progress=progress)
    profile = naming.number(profile, reading)
    reading.notes += findings.about_texts(profile)
    statistics = profile.statistics(mode)
    documents.write(statistics, Path(output) / "statistics.json")
    documents.write(constraints.suggest(profile), Path(output) / "constraints.json")
    return Result(
        profile.rows,
        statistics,
        [],
        pd.DataFrame(),
        reading.notes,
        profile,
        findings.about_empty(profile),
        mode=mode,
    )


def run_check(
    source: Source,
    baseline: Path | str,
    output: Path | str,
    *,
    header: bool = True,
    mode: Mode = "exact",
    outputs: list[str] | None = None,
    progress: bool = False,
) -> Result:
    """Compare files with a baseline.

    The results, statistics.json and constraint_violations.json, are written into ``output``.

    Args:
        source: as in run_baseline.
        baseline: a folder with constraints.json and statistics.json, ours or those of AWS; without
            statistics.json there is no drift check.
        output: a folder, made if needed.
        header: whether CSV files begin with column names.
        mode: exact, or aws for Model Monitor's own drift distance and naming of columns.
        outputs: the names of the endpoint's outputs in captured data, in order.
        progress: whether to show a progress bar.

    Raises:
        ValueError: the baseline cannot be used; also see read_profile and naming.align.
    """
    check_mode(mode)
    rules = documents.read(Path(baseline) / "constraints.json", "features")
    known = Path(baseline) / "statistics.json"
    reference = documents.read(known, "features") if known.exists() else None
    validation.check_constraints(rules)
    awaited = constraints.domains(rules)
    profile, reading = read_profile(source, header=header, progress=progress, awaited=awaited)
    if reference is None:
        reading.notes.append(f"{known} does not exist: drift was not checked.")
    profile = naming.align(
        profile, reading, [feature["name"] for feature in rules["features"]], outputs, mode
    )
    if mode == "exact" and reference:
        profile, respelt = flags.matched(
            profile, {feature["name"]: feature for feature in reference["features"]}
        )
        reading.notes += [f"{name}: true and false are taken for 1 and 0." for name in respelt]
    found, drift = violations.check(profile, rules, reference, mode=mode)
    reading.notes += findings.about_rules(rules)
    if mode == "exact":
        as_aws, _ = violations.check(profile, rules, reference, mode="aws")
        reading.notes += findings.about_defaults(rules)
        reading.notes += findings.about_aws(found, as_aws)
    statistics = profile.statistics()
    documents.write(statistics, Path(output) / "statistics.json")
    documents.write({"violations": found}, Path(output) / "constraint_violations.json")
    return Result(
        profile.rows,
        statistics,
        found,
        drift,
        reading.notes,
        profile,
        violations.not_measured(profile, rules, reference, drift),
        constraints.muted(rules),
        mode,
    )


def cloudwatch_metrics(result: Result) -> list[dict[str, Any]]:
    """Return a run's metrics in the form of PutMetricData's MetricData, with Model Monitor's names.

    Per feature there are ``feature_data_<name>`` (numeric features), ``feature_non_null_<name>``
    (share of rows) and ``feature_baseline_drift_<name>``. The caller adds dimensions and time.
    Features whose emit_metrics is Disabled have none.
    """
    found = []
    for feature in result.statistics["features"]:
        if feature["name"] in result.muted:
            continue
        kind = "numerical_statistics" if "numerical_statistics" in feature else "string_statistics"
        values = feature[kind]
        if kind == "numerical_statistics":
            summary = {"Maximum": values["max"], "Minimum": values["min"], "Sum": values["sum"]}
            summary["SampleCount"] = float(values["common"]["num_present"])
            found.append(
                {"MetricName": f"feature_data_{feature['name']}", "StatisticValues": summary}
            )
        found.append(
            {"MetricName": f"feature_non_null_{feature['name']}", "Value": values["completeness"]}
        )
    for row in result.drift.itertuples() if len(result.drift) else ():
        if pd.notna(row.distance) and row.feature not in result.muted:
            found.append(
                {
                    "MetricName": f"feature_baseline_drift_{row.feature}",
                    "Value": float(row.distance),
                }
            )
    return found
