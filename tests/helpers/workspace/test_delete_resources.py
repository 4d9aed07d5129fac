"""Cleaning up deletes what carries the tutorial's tag, and nothing else; twice does no harm."""

import json
import subprocess
import sys

from tests.conftest import REPOSITORY

CODE = """
import json, boto3
from helpers import workspace
ws = workspace.open()
client = boto3.client("sagemaker")
image = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1"
tagged = [{"Key": "tutorial", "Value": "sagemaker-monitoring"}]
for name, tags in (("ours", tagged), ("ours-too", tagged), ("theirs", [])):
    given = {"ModelName": name, "ExecutionRoleArn": ws.role, "Tags": tags}
    client.create_model(**given, PrimaryContainer={"Image": image})
first = workspace.delete_resources(ws.boto_session, "ours")
second = workspace.delete_resources(ws.boto_session)
third = workspace.delete_resources(ws.boto_session)
left = [model["ModelName"] for model in client.list_models()["Models"]]
print(json.dumps([first, second, third, left]))
"""


def test_only_tagged_resources_are_deleted(fresh_services):
    done = subprocess.run(
        [sys.executable, "-c", CODE],
        cwd=REPOSITORY,
        env=fresh_services,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == [
        ["model ours"],
        ["model ours-too"],
        [],
        ["theirs"],
    ]


SCHEDULES = """
import json, runpy, boto3
from helpers import workspace
ws = workspace.open()
scheduler = boto3.client("scheduler")
job = "arn:aws:scheduler:::aws-sdk:sagemaker:createProcessingJob"
target = {"Arn": job, "RoleArn": ws.role, "Input": "{}"}
when = {"ScheduleExpression": "at(2099-01-01T00:00:00)", "FlexibleTimeWindow": {"Mode": "OFF"}}
for name in ("sagemaker-monitoring-drift", "theirs"):
    scheduler.create_schedule(Name=name, Target=target, **when)
delete_schedules = runpy.run_path("doc/tools/aws_clean.py")["delete_schedules"]
deleted = [delete_schedules(ws.boto_session) for _ in range(2)]
left = [schedule["Name"] for schedule in scheduler.list_schedules()["Schedules"]]
print(json.dumps([*deleted, left]))
"""


def test_only_the_tutorials_schedules_are_deleted(fresh_services):
    command = [sys.executable, "-c", SCHEDULES]
    done = subprocess.run(
        command, cwd=REPOSITORY, env=fresh_services, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == [
        ["schedule sagemaker-monitoring-drift"],
        [],
        ["theirs"],
    ]
