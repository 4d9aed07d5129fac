"""Run every enabled monitor and send rows to reviewers: `model-monitoring run`, for cron."""

import argparse
import os
import sys

import boto3

from model_monitoring.datamart import DataMart, DataMartError


def run(options: argparse.Namespace) -> int:
    """Run the monitors and print a line for each.

    Returns 1 if a run failed, and 2 if the data mart can't be used.
    """
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
        line = f"{run.subscription}: {run.monitor} {run.state}, {run.records} records. {run.reason}"
        print(line.rstrip())
    for subscription, report in sent.items():
        counts = f"{report.rows} rows sent to reviewers, {report.already} before."
        print(f"{subscription}: {counts} {' '.join(report.notes)}".rstrip())
    return int((runs["state"] == "failed").any())
