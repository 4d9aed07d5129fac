"""Who gets which task when: claims that expire, several answers to one loop, a stop in between."""

import json
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest
from moto.s3.models import s3_backends

from local_aws import operations, services
from local_aws.a2i import loops, workers
from local_aws.a2i.store import Store
from local_aws.kept import disk, state
from local_aws.sagemaker.models import Backend
from model_monitoring import review

TEMPLATE = '<crowd-form><crowd-input name="a"></crowd-input></crowd-form>'
ROLE = "arn:aws:iam::123456789012:role/TutorialExecutionRole"


@pytest.fixture(scope="module")
def backend():
    return Backend("us-east-1", state.ACCOUNT)


@pytest.fixture
def office(backend, tmp_path, monkeypatch):
    monkeypatch.setenv("TUTORIAL_LOCAL_DIR", str(tmp_path))
    for records in backend.records.values():
        records.clear()
    s3 = s3_backends[state.ACCOUNT]["aws"]
    if "answers" not in s3.buckets:
        s3.create_bucket("answers", "us-east-1")
    office = Office(backend)
    office.hire("team", "ann", "bob", "cleo")
    return office


class Office:
    """A region's things, asked for without HTTP."""

    def __init__(self, backend):
        self.backend, self.store = backend, Store(backend)
        operations.act(
            backend,
            "CreateHumanTaskUi",
            {"HumanTaskUiName": "ui", "UiTemplate": {"Content": TEMPLATE}},
        )

    def hire(self, team, *names):
        member = {"OidcMemberDefinition": {"Groups": ["g"]}}
        asked = {"WorkteamName": team, "MemberDefinitions": [member], "Description": "d"}
        operations.act(self.backend, "CreateWorkteam", asked)
        self.backend.change(self.backend.find("Workteam", team), _workers=list(names))

    def flow(self, name, *, team="team", output="s3://answers/out", **config):
        asked = {
            "FlowDefinitionName": name,
            "HumanLoopConfig": {
                "WorkteamArn": self.backend.find("Workteam", team)["WorkteamArn"],
                "HumanTaskUiArn": self.backend.find("HumanTaskUi", "ui")["HumanTaskUiArn"],
                "TaskTitle": f"title of {name}",
                "TaskDescription": "d",
                **({"TaskCount": 1} | config),
            },
            "OutputConfig": {"S3OutputPath": output},
            "RoleArn": ROLE,
        }
        operations.act(self.backend, "CreateFlowDefinition", asked)

    def start(self, name, flow="flow"):
        if flow not in self.backend.records["FlowDefinition"]:
            self.flow(flow)
        arn = self.backend.find("FlowDefinition", flow)["FlowDefinitionArn"]
        asked = {
            "HumanLoopName": name,
            "FlowDefinitionArn": arn,
            "HumanLoopInput": {"InputContent": '{"n": 1}'},
        }
        loops.start(self.backend, asked)
        return self.loop(name)

    def loop(self, name):
        return self.backend.find("HumanLoop", name)

    def stop(self, name):
        loops.stop(self.backend, {"HumanLoopName": name})
        return self.loop(name)["HumanLoopStatus"]

    def submit(self, worker, task, text="x", submission=None):
        answer = review.Answer(
            content={"a": text},
            first=None,
            accepted=task.accepted,
            submitted=task.accepted + timedelta(seconds=25.073),
            submission=submission or uuid.uuid4().hex,
        )
        return self.store.submit(worker, task.task_id, answer)

    def expire(self, name, worker):
        """Let a worker's time for a loop be over."""
        claim = self.loop(name)["_claims"][worker] | {
            "expires": datetime.now(UTC) - timedelta(seconds=1)
        }
        self.backend.change(self.loop(name), _claims=self.loop(name)["_claims"] | {worker: claim})

    def close(self, name):
        """Let the time in which a loop's task is available be over."""
        self.loop(name)["_closes"] = datetime.now(UTC) - timedelta(seconds=1)

    def tick(self, name):
        loops.settle(self.backend, self.loop(name))
        return self.loop(name)["HumanLoopStatus"]


def states(queue):
    return [(line.task_id.partition(".")[0], line.state) for line in queue.tasks]


def test_the_oldest_first_and_no_task_to_two_workers(office):
    for name in ("one", "two"):
        office.start(name)
    first, second = office.store.claim("ann", None), office.store.claim("bob", None)
    assert [task.task_id.partition(".")[0] for task in (first, second)] == ["one", "two"]
    assert (
        first.task_input == {"n": 1}
        and first.template == TEMPLATE
        and first.title == "title of flow"
    )
    with pytest.raises(review.NoTask):
        office.store.claim("cleo", None)
    with pytest.raises(review.TaskTaken):
        office.store.claim("cleo", first.task_id)
    with pytest.raises(review.TaskTaken):
        office.submit("cleo", first)
    assert states(office.store.queue("ann", 10)) == [("one", "mine")]
    assert office.store.queue("cleo", 10) == review.Queue(tasks=[], waiting=0, done=0)


def test_no_task_to_two_workers_who_ask_at_the_same_time(office):
    names = [f"worker {number}" for number in range(6)]
    office.hire("crowd", *names)
    office.flow("crowded", team="crowd")
    for number in range(60):
        office.start(f"loop-{number}", "crowded")
    begin = Barrier(len(names))

    def work(name):
        begin.wait()
        done = []
        with suppress(review.NoTask):
            while True:
                task = office.store.claim(name, None)
                done.append(task.task_id)
                office.submit(name, task)
        return done

    with ThreadPoolExecutor(len(names)) as pool:
        done = [task for tasks in pool.map(work, names) for task in tasks]
    assert len(done) == len(set(done)) == 60
    assert {len(office.loop(f"loop-{number}")["_answers"]) for number in range(60)} == {1}


def test_a_worker_goes_on_with_what_was_begun(office):
    office.start("old"), office.start("new")
    task = office.store.claim(
        "ann", next(line.task_id for line in office.store.queue("ann", 9).tasks[1:])
    )
    office.store.save_draft("ann", task.task_id, {"pairs": [["a", "half"]]})
    time.sleep(0.005)  # times are kept to the millisecond
    again = office.store.claim("ann", None)
    assert again.task_id == task.task_id and again.draft == {"pairs": [["a", "half"]]}
    assert again.accepted == task.accepted and again.lock_expires > task.lock_expires
    assert (
        states(office.store.queue("ann", 1)) == [("new", "mine")]
        and office.store.queue("ann", 1).waiting == 2
    )


def test_a_lock_that_expired_is_free_for_others_and_no_obstacle_before(office):
    office.start("one")
    task = office.store.claim("ann", None)
    office.expire("one", "ann")
    assert states(office.store.queue("bob", 9)) == [("one", "open")]
    office.store.claim("bob", None)
    with pytest.raises(review.TaskTaken):
        office.submit("ann", task)
    office.expire("one", "bob")
    office.submit("ann", task)
    assert office.loop("one")["HumanLoopStatus"] == "Completed"
    with pytest.raises(review.TaskGone, match="all its answers"):
        office.store.save_draft("bob", task.task_id, {})


def test_an_answer_sent_twice_counts_once(office):
    office.flow("pair", TaskCount=2)
    office.start("one", "pair")
    task = office.store.claim("ann", None)
    receipt = office.submit("ann", task, "x", submission="s")
    assert office.submit("ann", task, "other", submission="s") == receipt
    with pytest.raises(review.AlreadyAnswered):
        office.submit("ann", task, submission="t")
    with pytest.raises(review.AlreadyAnswered):
        office.store.claim("ann", task.task_id)
    with pytest.raises(review.NoTask):
        office.store.claim("ann", None)
    assert [json.loads(given["content"]) for given in office.loop("one")["_answers"]] == [
        {"a": "x"}
    ]
    assert states(office.store.queue("ann", 9)) == [("one", "done")]


def test_a_loop_waits_for_all_its_answers_from_different_workers(office):
    office.flow("pair", TaskCount=2)
    office.start("one", "pair")
    tasks = {name: office.store.claim(name, None) for name in ("ann", "bob")}
    with pytest.raises(review.NoTask):
        office.store.claim("cleo", None)
    office.submit("ann", tasks["ann"], "benign")
    assert office.loop("one")["HumanLoopStatus"] == "InProgress"
    office.submit("bob", tasks["bob"], "malignant")
    loop = office.loop("one")
    assert loop["HumanLoopStatus"] == "Completed"
    bucket, key = services.split_uri(loop["HumanLoopOutput"]["OutputS3Uri"])
    written = json.loads(services.read_object(bucket, key))
    assert [given["answerContent"]["a"] for given in written["humanAnswers"]] == [
        "benign",
        "malignant",
    ]
    assert {given["timeSpentInSeconds"] for given in written["humanAnswers"]} == {25.073}
    assert len({given["workerId"] for given in written["humanAnswers"]}) == 2


def test_who_has_answered_no_longer_holds_the_task(office):
    office.flow("pair", TaskCount=2)
    office.start("one", "pair"), office.start("two", "pair")
    office.submit("ann", office.store.claim("ann", None))
    task = office.store.claim("bob", None)
    assert task.task_id.startswith("one.")
    office.submit("ann", office.store.claim("ann", None))
    assert office.stop("two") == "Stopped"


def test_a_worker_sees_the_tasks_of_their_teams_only(office):
    office.hire("others", "dan")
    office.start("one")
    assert office.store.queue("dan", 9).waiting == 0
    with pytest.raises(review.TaskGone, match="another work team"):
        office.store.claim("dan", office.store.queue("ann", 9).tasks[0].task_id)
    assert workers.teams_of(office.backend, "dan") == {
        office.backend.find("Workteam", "others")["WorkteamArn"]
    }


def test_a_stop_ends_what_nobody_has_begun_and_waits_for_who_is_at_it(office):
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


def test_a_task_is_available_for_so_long(office):
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


def test_a_loop_made_anew_is_another_task(office):
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


def test_answers_that_can_not_be_written_are_told_and_kept(office):
    s3_backends[state.ACCOUNT]["aws"].create_bucket("gone", "us-east-1")
    office.flow("lost", output="s3://gone/out")
    office.start("one", "lost")
    task = office.store.claim("ann", None)
    s3_backends[state.ACCOUNT]["aws"].delete_bucket("gone")
    office.submit("ann", task, "kept")
    loop = office.loop("one")
    assert loop["HumanLoopStatus"] == "Failed" and "gone" in loop["FailureReason"]
    assert "kept" in loop["_answers"][0]["content"]


def test_a_deleted_flow_definition_withdraws_what_nobody_has_begun(office):
    office.start("idle"), office.start("busy")
    tasks = [line.task_id for line in office.store.queue("ann", 9).tasks]
    task = office.store.claim("ann", tasks[1])
    operations.act(office.backend, "DeleteFlowDefinition", {"FlowDefinitionName": "flow"})
    operations.act(office.backend, "DeleteHumanTaskUi", {"HumanTaskUiName": "ui"})
    assert list(office.backend.records["HumanLoop"]) == ["busy"]
    office.store.claim("ann", task.task_id)
    office.submit("ann", task)
    assert office.loop("busy")["HumanLoopStatus"] == "Stopped"


def test_nothing_a_worker_writes_can_spoil_what_is_kept(office):
    office.start("one")
    task = office.store.claim("ann", None)
    office.store.save_draft("ann", task.task_id, {"$time": "never", "a": "ä\u2028\n"})
    (kept,) = [record for record, _ in disk.load("sagemaker", "us-east-1", "HumanLoop")]
    assert json.loads(kept["_drafts"]["ann"]) == {"$time": "never", "a": "ä\u2028\n"}
    assert kept["_claims"]["ann"]["accepted"] == task.accepted
