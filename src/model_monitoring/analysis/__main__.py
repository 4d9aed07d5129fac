"""Analyse files from a shell and write Model Monitor's files.

The command is ``python -m model_monitoring.analysis``. A plain copy of this folder is enough; that
is what a processing job gets. It runs ``python -m analysis check /opt/ml/processing/input ...`` in
the folder that holds the copy. Only the command of the whole library, ``model-monitoring``, also
reads ``s3://``.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from .wording import counted

# Downloads the objects below an s3:// prefix into a new folder; passed in because it needs boto3.
Download = Callable[[str, Path], None]
_LISTED = 20


def main(arguments: list[str] | None = None) -> int:
    """Run a command; return its exit code (see `run`)."""
    parser = argparse.ArgumentParser(
        prog="python -m model_monitoring.analysis",
        description="Analyse files as SageMaker Model Monitor does.",
    )
    add_commands(parser.add_subparsers(dest="command", required=True))
    return run(parser.parse_args(arguments))


def run(options: argparse.Namespace, download: Download | None = None) -> int:
    """Run a command and return its exit code.

    The code is 0, or 2 for input that cannot be used. With --fail-on-violations it is 1 for
    violations, and 3 if there are none but a column or a metric could not be measured.
    """
    try:
        with tempfile.TemporaryDirectory() as scratch:
            sources = [
                _local(source, Path(scratch) / str(number), download)
                for number, source in enumerate(options.files)
            ]
            result = options.job(options, sources)
    except OSError as error:
        print(f"error: {error.filename} can't be used: {error.strerror}.", file=sys.stderr)
        return 2
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    _report(result, options)
    if not getattr(options, "fail_on_violations", False):
        return 0
    return 1 if result.violations else 3 if result.is_partial else 0


def add_commands(commands) -> None:
    """Add the commands of this folder to a parser."""
    baseline = commands.add_parser("baseline", help="write statistics.json and constraints.json")
    check = commands.add_parser(
        "check", help="write statistics.json and constraint_violations.json"
    )
    quality = commands.add_parser(
        "model-quality", help="measure labelled predictions, against a baseline if there is one"
    )
    for command, job in ((baseline, _baseline), (check, _check), (quality, _model_quality)):
        command.set_defaults(job=job)
        command.add_argument(
            "files", nargs="+", help="CSV, JSON lines, Parquet or capture: a file, folder or s3://…"
        )
        command.add_argument("--out", required=True, help="folder for the results")
        command.add_argument("--no-header", action="store_true", help="CSV files have no header")
    check.add_argument(
        "--baseline", required=True, help="folder with statistics.json and constraints.json"
    )
    check.add_argument(
        "--mode", choices=("exact", "aws"), default="exact", help="how drift is measured"
    )
    check.add_argument(
        "--outputs", help="the baseline columns of captured outputs, separated by commas"
    )
    _add_columns(quality)
    quality.add_argument("--baseline", help="folder with constraints.json; without it, write one")
    for command in (check, quality):
        command.add_argument(
            "--fail-on-violations",
            action="store_true",
            help="exit with 1 for violations, with 3 if a column or metric could not be measured",
        )


def _add_columns(command: argparse.ArgumentParser) -> None:
    """Add the options that name the columns of labelled predictions."""
    command.add_argument(
        "--problem-type",
        required=True,
        choices=("BinaryClassification", "MulticlassClassification", "Regression"),
    )
    command.add_argument("--label", required=True, help="the column with the true label")
    command.add_argument("--prediction", help="the column with the prediction")
    command.add_argument("--probability", help="the column with the positive class's probability")
    command.add_argument("--positive-label", type=_value, help="the class that counts as positive")
    command.add_argument(
        "--threshold",
        type=float,
        default=0.5,
        help="without --prediction, the lowest probability that counts as positive",
    )


# pandas, pyarrow and scipy take a second to import; --help must not wait for them.


def _baseline(options: argparse.Namespace, sources: list):
    from .files.jobs import run_baseline

    return run_baseline(sources, options.out, **_reading(options))


def _check(options: argparse.Namespace, sources: list):
    from .files.jobs import run_check

    outputs = options.outputs.split(",") if options.outputs else None
    return run_check(
        sources,
        options.baseline,
        options.out,
        mode=options.mode,
        outputs=outputs,
        **_reading(options),
    )


def _model_quality(options: argparse.Namespace, sources: list):
    from .quality.jobs import Columns, run_model_quality

    columns = Columns(
        options.label,
        options.prediction,
        options.probability,
        options.positive_label,
        options.threshold,
    )
    return run_model_quality(
        sources,
        options.out,
        options.problem_type,
        columns,
        baseline=options.baseline,
        header=not options.no_header,
    )


def _reading(options: argparse.Namespace) -> dict[str, bool]:
    return {"header": not options.no_header, "progress": sys.stderr.isatty()}


def _value(text: str) -> int | float | str:
    """Return a class as it is in the data: a number if it can be read as one."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _local(source: str, folder: Path, download: Download | None) -> str | Path:
    """Download the objects below an s3:// prefix; a local path stays as it is."""
    if not source.startswith("s3://"):
        if not Path(source).exists():
            raise ValueError(f"{source} does not exist.")
        return source
    if download is None:
        raise ValueError(
            f"{source}: this command reads only local files. Use model-monitoring, which also "
            "reads s3://, or download the files first (aws s3 sync)."
        )
    folder.mkdir()
    download(source, folder)
    return folder


def _report(result, options: argparse.Namespace) -> None:
    """Print tables for people to read."""
    # Model quality has metrics instead of columns
    columns = result.statistics.get("features")
    measured = f", {counted(len(columns), 'column')}" if columns is not None else ""
    print(f"{counted(result.rows, 'row')}{measured}; results in {options.out}")
    for note in result.notes:
        print(f"note: {note}")
    for one in result.not_measured[:_LISTED]:
        print(one)
    if (rest := len(result.not_measured) - _LISTED) > 0:
        print(f"{rest} more not measured")
    if not getattr(options, "baseline", None):
        return
    if len(result.drift):
        shown = ["feature", "linf", "distance", "threshold", "q_value"]
        if result.mode == "exact":
            shown = ["feature", "effect", "effect_low", "effect_high", "matters", "q_value", "real"]
            shown.append("visible")
        table = result.drift[[*shown, "psi", "wasserstein", "drifted"]]
        ranked = table.sort_values(shown[1], ascending=False, kind="stable")
        print("\n" + ranked.to_string(index=False, float_format="{:.4g}".format, max_rows=40))
        if result.mode == "exact":
            for method in result.drift["effect_method"].dropna().unique():
                print(f"95% intervals from effect_low to effect_high: {method}")
    if result.violations:
        import pandas as pd

        table = pd.DataFrame(result.violations)
        print("\n" + table.to_string(index=False, max_colwidth=None, justify="left"))
    print("\n" + result.message)


if __name__ == "__main__":
    sys.exit(main())
