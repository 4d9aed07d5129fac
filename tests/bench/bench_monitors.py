"""Time drift, statistics and reading beside their bounds and peers, all in one run.

``python -m tests.bench.bench_monitors [--rows 1000000]`` prints CPU seconds (the best of three: a
shared machine only delays) and ratios. Peers that are not installed are left out; NannyML and
Evidently are an optional extra.
"""

import argparse
import importlib.util
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
from scipy.stats import ks_2samp

from model_monitoring.analysis.data_quality.comparison import compare
from model_monitoring.analysis.data_quality.drift import ks_distance, steps
from model_monitoring.analysis.data_quality.statistics import Profile, profile
from model_monitoring.analysis.files import documents
from model_monitoring.analysis.files.jobs import read_profile

COLUMNS = 30


def seconds(action: Callable[[], object], times: int = 3) -> float:
    """Return the CPU seconds of the fastest of some runs."""
    best = float("inf")
    for _ in range(times):
        start = time.process_time()
        action()
        best = min(best, time.process_time() - start)
    return best


def show(what: str, took: float, bound: float, target: str = "") -> None:
    """Print a line: what, seconds, ratio to the bound, what it ought to be."""
    print(f"{what:58s} {took:9.3f} s {took / bound:8.2f} x   {target}", flush=True)


def samples(kind: str, rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw reference and window, shape (columns, rows)."""
    rng = np.random.default_rng(0)
    reference, window = rng.normal(size=(COLUMNS, rows)), rng.normal(size=(COLUMNS, rows))
    if kind == "shifted":
        window += 0.2
    if kind == "many ties":
        reference, window = reference.round(1), window.round(1)
    if kind == "window constant":
        window[:] = 0.5
    if kind == "zero-inflated":
        reference[rng.random(reference.shape) < 0.7] = 0
        window[rng.random(window.shape) < 0.7] = 0
    return reference, window


def sort_all(*sides: np.ndarray) -> None:
    """Sort every column, keeping nothing."""
    for side in sides:
        for column in side:
            np.sort(column)


def drift(rows: int) -> None:
    """Exact KS of all columns against sorting both sides; against a stored profile, sorting the
    window.
    """
    for kind in ("same distribution", "shifted", "many ties", "window constant", "zero-inflated"):
        reference, window = samples(kind, rows)
        both = seconds(lambda r=reference, w=window: sort_all(r, w))
        took = seconds(
            lambda r=reference, w=window: [ks_distance(*pair) for pair in zip(r, w, strict=True)]
        )
        target = "at most 1.5" if kind in ("same distribution", "shifted") else "reported"
        show(f"KS, {rows} x {COLUMNS}, {kind}, over sorting both sides", took, both, target)
    reference, window = samples("shifted", rows)
    stored = [
        steps(c.settled().sketch.levels)
        for c in profile(pd.DataFrame(reference.T)).columns.values()
    ]
    took = seconds(lambda: [ks_distance(*pair) for pair in zip(stored, window, strict=True)])
    show(
        "KS against a stored profile, over sorting the window",
        took,
        seconds(lambda: sort_all(window)),
        "at most 1.2",
    )


def peers(rows: int) -> None:
    """Scipy, NannyML and Evidently over our exact KS of the same frames; our whole table of drift
    beside them.
    """
    reference, window = (pd.DataFrame(side.T).add_prefix("f") for side in samples("shifted", rows))
    ours = seconds(lambda: [ks_distance(reference[name], window[name]) for name in reference])
    theirs = seconds(
        lambda: [ks_2samp(reference[name], window[name], method="asymp") for name in reference], 1
    )
    target = "at least 15" if rows <= 100_000 else "reported: sorting alone takes an eighth of it"
    show(f"scipy ks_2samp, {rows} rows, over ours", theirs, ours, target)
    table = seconds(lambda: compare(reference, window))
    show(f"our table (KS, p, PSI, JS, Wasserstein), {rows} rows, over KS", table, ours, "reported")
    if importlib.util.find_spec("nannyml"):
        import nannyml

        def nanny():
            methods = {
                "column_names": list(reference),
                "continuous_methods": ["kolmogorov_smirnov"],
            }
            nannyml.UnivariateDriftCalculator(**methods, chunk_size=rows).fit(reference).calculate(
                window
            )

        show(f"NannyML, {rows} rows, over ours", seconds(nanny, 1), ours, "at least 5")
    if importlib.util.find_spec("evidently"):
        from evidently import Report
        from evidently.presets import DataDriftPreset

        evidently = seconds(lambda: Report([DataDriftPreset()]).run(window, reference), 1)
        show(f"Evidently, {rows} rows, over ours", evidently, ours, "at least 50")


def statistics(rows: int, folder: Path) -> None:
    """statistics.json of a data frame, over sorting it; a CSV file, over pyarrow reading it."""
    frame = pd.DataFrame(samples("same distribution", rows)[0].T).add_prefix("f")
    bound = seconds(lambda: sort_all(frame.to_numpy().T))
    took = seconds(lambda: documents.write(profile(frame).statistics(), folder / "statistics.json"))
    show(f"statistics.json of {rows} x {COLUMNS}, over sorting it", took, bound, "at most 4")
    path = folder / "rows.csv"
    pa.csv.write_csv(pa.Table.from_pandas(frame.head(rows // 4)), path)
    bound = seconds(lambda: pa.csv.read_csv(path))
    show(
        f"profile of a CSV file of {rows // 4} rows, over pyarrow",
        seconds(lambda: read_profile(path)),
        bound,
        "at most 2.2",
    )


def memory(rows: int) -> None:
    """Check ten times the rows in chunks and print the peak; run by ``main`` in a process of its
    own.
    """
    rng, chunk = np.random.default_rng(0), 100_000
    found, reference = Profile(), profile(pd.DataFrame(rng.normal(size=(chunk, COLUMNS))))
    for _ in range(rows // chunk):
        found.update(pd.DataFrame(rng.normal(size=(chunk, COLUMNS))))
    drifted = int(compare(reference, found)["drifted"].sum())
    # Linux's own high-water mark: getrusage's is inherited from the parent process.
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    marks = [int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")]
    peak = marks[0] if marks else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    print(
        f"{found.rows} rows checked in chunks, {drifted} columns drifted, peak memory {peak:.0f} "
        "MB (at most 1500)"
    )


def main() -> None:
    """Run everything."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument(
        "--memory", action="store_true", help="only the check of ten times the rows"
    )
    options = parser.parse_args()
    if options.memory:
        return memory(10 * options.rows)
    drift(options.rows)
    for rows in sorted({min(options.rows, 100_000), options.rows}):
        peers(rows)
    with tempfile.TemporaryDirectory() as folder:
        statistics(options.rows, Path(folder))
    command = [
        sys.executable,
        "-m",
        "tests.bench.bench_monitors",
        "--memory",
        "--rows",
        str(options.rows),
    ]
    subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
