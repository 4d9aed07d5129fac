"""How a human loop ends: answered, stopped, out of time, or with its flow definition."""

import json
from datetime import timedelta

import pytest
from moto.s3.models import s3_backends

from local_aws import operations, services
from local_aws.a2i import loops
from local_aws.kept import disk, state
from model_monitoring import review


def test_a_stop_ends_unbegun_tasks_and_waits_for_workers_at_work(office):
    office.start("idle"), office.start("busy"), office.start("left")
    office.store.claim("cleo", office.store.queue("cleo", 9).tasks[0].task_id)
    office.expire("idle", "cleo")
    tasks = [line.task_id for line in office.store.queue("ann", 9).tasks]
    busy, left = office.store.claim("ann", tasks[1]), office.store.claim("bob", tasks[2])
    assert [office.stop(name) for name in ("idle", "busy", "left")] == [
        "Stopped",
        "Stopping",
        "Stopping",
    ]
    with pytest.raises(review.TaskGone, match="stopped"):
        office.store.claim("cleo", tasks[0])
    office.submit("ann", busy)
    assert office.loop("busy")["HumanLoopStatus"] == "Stopped"
    assert services.list_objects(office.loop("busy")["HumanLoopOutput"]["OutputS3Uri"])
    office.expire("left", "bob")
    with pytest.raises(review.TaskGone, match="stopped"):
        office.submit("bob", left)
    assert office.tick("left") == "Stopped" and office.stop("left") == "Stopped"


def test_a_task_is_available_for_a_limited_time(office):
    office.flow("short", TaskAvailabilityLifetimeInSeconds=60)
    assert office.start("one", "short")["_closes"] - loops.started(office.loop("one")) == timedelta(
        seconds=60
    )
    office.start("begun", "short")
    task = office.store.claim("ann", office.store.queue("ann", 9).tasks[1].task_id)
    for name in ("one", "begun"):
        office.close(name)
    with pytest.raises(review.NoTask):
        office.store.claim("bob", None)
    assert office.tick("one") == "Failed" and office.loop("one")["FailureCode"] == "Expired"
    assert office.tick("begun") == "InProgress"
    office.submit("ann", task)
    assert office.loop("begun")["HumanLoopStatus"] == "Completed"


def test_a_new_loop_of_an_old_name_is_another_task(office):
    office.start("one")
    stale = office.store.claim("ann", None)
    office.expire("one", "ann")
    office.stop("one")
    loops.OPERATIONS["DeleteHumanLoop"](office.backend, {"HumanLoopName": "one"})
    with pytest.raises(review.TaskGone, match="withdrawn"):
        office.submit("ann", stale)
    office.start("one")
    with pytest.raises(review.TaskGone, match="withdrawn"):
        office.submit("ann", stale)
    assert office.loop("one")["_answers"] == []


def test_answers_that_cannot_be_written_are_reported_and_kept(office):
    s3_backends[state.ACCOUNT]["aws"].create_bucket("gone", "us-east-1")
    office.flow("lost", output="s3://gone/out")
    office.start("one", "lost")
    task = office.store.claim("ann", None)
    s3_backends[state.ACCOUNT]["aws"].delete_bucket("gone")
    office.submit("ann", task, "kept")
    loop = office.loop("one")
    assert loop["HumanLoopStatus"] == "Failed" and "gone" in loop["FailureReason"]
    assert "kept" in loop["_answers"][0]["content"]


def test_deleting_a_flow_definition_withdraws_unbegun_tasks(office):
    office.start("idle"), office.start("busy")
    tasks = [line.task_id for line in office.store.queue("ann", 9).tasks]
    task = office.store.claim("ann", tasks[1])
    operations.act(office.backend, "DeleteFlowDefinition", {"FlowDefinitionName": "flow"})
    operations.act(office.backend, "DeleteHumanTaskUi", {"HumanTaskUiName": "ui"})
    assert list(office.backend.records["HumanLoop"]) == ["busy"]
    office.store.claim("ann", task.task_id)
    office.submit("ann", task)
    assert office.loop("busy")["HumanLoopStatus"] == "Stopped"


def test_no_answer_can_damage_the_stored_state(office):
    office.start("one")
    task = office.store.claim("ann", None)
    office.store.save_draft("ann", task.task_id, {"$time": "never", "a": "ä\u2028\n"})
    (kept,) = [record for record, _ in disk.load("sagemaker", "us-east-1", "HumanLoop")]
    assert json.loads(kept["_drafts"]["ann"]) == {"$time": "never", "a": "ä\u2028\n"}
    assert kept["_claims"]["ann"]["accepted"] == task.accepted
