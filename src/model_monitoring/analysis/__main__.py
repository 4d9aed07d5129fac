"""Baseline and check from a shell: ``python -m model_monitoring.analysis baseline|check``.

As a processing job, from a plain copy of this folder: ``python -m monitors check
    /opt/ml/processing/input ...``,
started in the folder that holds it.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import pandas as pd

from .files.jobs import Result, run_baseline, run_check


def main(arguments: list[str] | None = None) -> int:
    """Run a command; return 0, or 1 for violations with --fail-on-violations, or 2 for input that
    cannot be used.
    """
    options = _parser().parse_args(arguments)
    show = {"header": not options.no_header, "progress": sys.stderr.isatty()}
    try:
        with tempfile.TemporaryDirectory() as scratch:
            sources = [
                _local(source, Path(scratch) / str(i)) for i, source in enumerate(options.files)
            ]
            if options.command == "baseline":
                result = run_baseline(sources, options.out, **show)
            else:
                outputs = options.outputs.split(",") if options.outputs else None
                result = run_check(
                    sources,
                    options.baseline,
                    options.out,
                    mode=options.mode,
                    outputs=outputs,
                    **show,
                )
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    _report(result, options.command, options.out)
    return int(
        options.command == "check" and options.fail_on_violations and bool(result.violations)
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m model_monitoring.analysis", description="Model Monitor's analysis, open."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    baseline = commands.add_parser("baseline", help="write statistics.json and constraints.json")
    check = commands.add_parser(
        "check", help="write statistics.json and constraint_violations.json"
    )
    for command in (baseline, check):
        command.add_argument(
            "files", nargs="+", help="CSV, JSON lines, Parquet or capture: a file, folder or s3://…"
        )
        command.add_argument("--out", required=True, help="folder for the results")
        command.add_argument("--no-header", action="store_true", help="CSV files begin with data")
    check.add_argument(
        "--baseline", required=True, help="folder with statistics.json and constraints.json"
    )
    check.add_argument(
        "--mode", choices=("exact", "aws"), default="exact", help="how drift is measured"
    )
    check.add_argument(
        "--outputs", help="baseline columns that captured outputs are, separated by commas"
    )
    check.add_argument(
        "--fail-on-violations", action="store_true", help="exit with 1 if there are any"
    )
    return parser


def _local(source: str, folder: Path) -> str | Path:
    """Download what lies below an s3:// prefix; a local path stays as it is."""
    if not source.startswith("s3://"):
        if not Path(source).exists():
            raise ValueError(f"{source} does not exist.")
        return source
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    bucket, _, prefix = source.removeprefix("s3://").partition("/")
    folder.mkdir()
    try:
        client = boto3.client("s3")
        pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        keys = [item["Key"] for page in pages for item in page.get("Contents", []) if item["Size"]]
        for number, key in enumerate(keys):
            client.download_file(bucket, key, str(folder / f"{number:06d}-{Path(key).name}"))
    except (BotoCoreError, ClientError) as error:
        raise ValueError(f"{source} cannot be read: {error}") from None
    if not keys:
        raise ValueError(f"{source} holds no data.")
    return folder


def _report(result: Result, command: str, folder: str) -> None:
    """Print a table a person can read."""
    print(f"{result.rows} rows, {len(result.statistics['features'])} columns; results in {folder}")
    for note in result.notes:
        print(f"note: {note}")
    if command == "check":
        if len(result.drift):
            table = result.drift[
                [
                    "feature",
                    "linf",
                    "distance",
                    "threshold",
                    "q_value",
                    "psi",
                    "wasserstein",
                    "drifted",
                ]
            ]
            ranked = table.sort_values("distance", ascending=False, kind="stable")
            print("\n" + ranked.to_string(index=False, float_format="{:.4g}".format, max_rows=40))
        if result.violations:
            print(
                "\n"
                + pd.DataFrame(result.violations).to_string(
                    index=False, max_colwidth=None, justify="left"
                )
            )
        print("\n" + result.message)


if __name__ == "__main__":
    sys.exit(main())
