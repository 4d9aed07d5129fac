"""Which worker gets which task when: claims that expire, several answers to one loop."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier

import pytest
from office import TEMPLATE, states

from local_aws import services
from local_aws.a2i import workers
from model_monitoring import review


def test_the_oldest_task_is_first_and_goes_to_only_one_worker(office):
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


def test_two_workers_who_claim_at_the_same_time_get_different_tasks(office):
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


def test_a_worker_continues_a_begun_task(office):
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


def test_an_expired_lock_frees_the_task_but_does_not_block_its_worker(office):
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


def test_a_worker_who_has_answered_no_longer_holds_the_task(office):
    office.flow("pair", TaskCount=2)
    office.start("one", "pair"), office.start("two", "pair")
    office.submit("ann", office.store.claim("ann", None))
    task = office.store.claim("bob", None)
    assert task.task_id.startswith("one.")
    office.submit("ann", office.store.claim("ann", None))
    assert office.stop("two") == "Stopped"


def test_a_worker_sees_only_the_tasks_of_their_teams(office):
    office.hire("others", "dan")
    office.start("one")
    assert office.store.queue("dan", 9).waiting == 0
    with pytest.raises(review.TaskGone, match="another work team"):
        office.store.claim("dan", office.store.queue("ann", 9).tasks[0].task_id)
    assert workers.teams_of(office.backend, "dan") == {
        office.backend.find("Workteam", "others")["WorkteamArn"]
    }
