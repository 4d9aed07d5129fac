"""Run every enabled monitor and send rows to reviewers now: `python -m model_monitoring.datamart
[--schema NAME]`, for cron.

The database comes from DATABASE_URL; SageMaker, where drift asks which model version is deployed,
from the usual AWS settings. Exits with 1 if a run failed, 2 if the data mart can't be used.
"""

import argparse
import os
import sys

import boto3

from model_monitoring.datamart import DataMart, DataMartError


def main() -> int:
    """Run the monitors, print a line for each, and return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m model_monitoring.datamart", description=__doc__.splitlines()[0]
    )
    parser.add_argument(
        "--schema", default="data_mart", help="the data mart's schema (default: %(default)s)"
    )
    options = parser.parse_args()
    if "DATABASE_URL" not in os.environ:
        parser.error("set DATABASE_URL to the PostgreSQL database that holds the data mart")
    session = boto3.Session()
    try:
        mart = DataMart(
            os.environ["DATABASE_URL"], options.schema, session if session.region_name else None
        )
        runs, sent = mart.run_monitors(), mart.reviews.create_all()
    except DataMartError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    for run in runs.itertuples():
        done = f"{run.subscription}: {run.monitor} {run.state}, {run.records} records."
        print(f"{done} {run.reason}".rstrip())
    for subscription, report in sent.items():
        counts = f"{report.rows} rows sent to reviewers, {report.already} before."
        print(f"{subscription}: {counts} {' '.join(report.notes)}".rstrip())
    return int((runs["state"] == "failed").any())


if __name__ == "__main__":
    sys.exit(main())
