"""Model Monitor's state survives a kill; a run that it cut off has failed."""

import os
import signal
from datetime import timedelta

from monitors import define, definition, finished, past_hour, put_capture, schedule, suggest, table
from offline import capture_config, deploy, set_up


def test_schedules_and_executions_survive_a_kill(own_aws):
    artifact = set_up(own_aws)
    endpoint = deploy(own_aws, model_data=artifact, capture=capture_config())["EndpointName"]
    suggest(own_aws)
    hour = past_hour()
    put_capture(own_aws, endpoint, hour, table(50, seed=2))
    name = schedule(own_aws, *define(own_aws, definition("DataQuality", endpoint)))
    due = (hour + timedelta(hours=1)).isoformat()
    own_aws.command("run-schedule", name, "--at", due)
    before = finished(own_aws, name)
    own_aws.command("run-schedule", name, "--at", due)  # cut off
    os.kill(own_aws.server["pid"], signal.SIGKILL)
    own_aws.start()
    after = finished(own_aws, name, count=2)
    assert before[0] in after
    (cut,) = [run for run in after if run != before[0]]
    assert (
        cut["MonitoringExecutionStatus"] == "Failed"
        and "ended while the job ran" in cut["FailureReason"]
    )
    described = own_aws.sagemaker.describe_monitoring_schedule(MonitoringScheduleName=name)
    assert described["MonitoringScheduleStatus"] == "Scheduled"
    own_aws.command("run-schedule", name, "--at", due)
    assert finished(own_aws, name, count=3)[0]["MonitoringExecutionStatus"].startswith("Completed")
