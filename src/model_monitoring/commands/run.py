"""Store captured traffic, run every monitor, send rows to reviewers: `model-monitoring run`."""

import argparse
import os
import sys

import boto3

from model_monitoring.analysis.wording import counted
from model_monitoring.commands import capturing
from model_monitoring.datamart import DataMart, DataMartError
from model_monitoring.datamart.monitoring.health.states import UNHEALTHY


def run(options: argparse.Namespace) -> int:
    """Run the monitors and print a line for each, and one for each that a person must look at.

    Returns 1 if a run failed, or a monitor is failing, blind or stale; 2 if the data mart can't be
    used; 3 if all monitors watch and one has an unresolved alert; else 0.
    """
    session = boto3.Session()
    try:
        mart = DataMart(
            os.environ["DATABASE_URL"], options.schema, session if session.region_name else None
        )
        uids = mart.subscriptions.get_uids()
        captured = [capturing.ingest(mart.subscriptions.get(uid)) for uid in uids]
        runs, sent = mart.run_monitors(), mart.reviews.create_all()
        states = mart.alerts.check_health()
    except DataMartError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    for line in filter(None, captured):
        print(line)
    for run in runs.itertuples():
        read = counted(run.records, "record")
        line = f"{run.subscription}: {run.monitor} {run.state}, {read}. {run.reason}"
        print(line.rstrip())
    for subscription, report in sent.items():
        counts = f"{counted(report.rows, 'row')} sent to reviewers, {report.already} before."
        print(f"{subscription}: {counts} {' '.join(report.notes)}".rstrip())
    for one in states:
        if one.state in UNHEALTHY:
            since = f"{one.since:%Y-%m-%d %H:%M} UTC"
            print(f"{one.subscription}: {one.monitor} is {one.state} since {since}. {one.to_do}")
    if (runs["state"] == "failed").any() or any(one.silent for one in states):
        return 1
    return 3 if any(one.state == "outside" for one in states) else 0
