"""A2I's state survives the server's end: claims, drafts and answers, each answer exactly once."""

import os
import signal
import threading
import time
from http.client import HTTPException

import pytest
from human_loops import Desk, Worker, describe, invite, output, runtime


def kill(aws):
    os.kill(aws.server["pid"], signal.SIGKILL)
    while aws.command("status", check=False).returncode == 0:
        time.sleep(0.05)
    return aws.start()


@pytest.fixture
def office(own_aws):
    own_aws.s3.create_bucket(Bucket="data")
    return own_aws


def test_a_half_filled_form_and_its_session_survive_a_crash(office):
    desk = Desk(office)
    ann = desk.worker("ann")
    loop, before = (
        desk.start(),
        office.sagemaker.describe_flow_definition(FlowDefinitionName=desk.name),
    )
    path, ticket = ann.begin()
    later = [desk.start() for _ in range(8)]
    status, _, said = ann.ask(f"{path}/draft", **{"review:ticket": ticket}, diagnosis="half a thou")
    assert status == 200 and "kept" in said
    kill(office)
    after = office.sagemaker.describe_flow_definition(FlowDefinitionName=desk.name)
    assert after | {"ResponseMetadata": 0} == before | {"ResponseMetadata": 0}
    assert 'value="half a thou"' in ann.ask(path)[2]
    status, next_path, _ = ann.answer((path, ticket), diagnosis="benign")
    # The oldest first, as before
    assert status == 200 and next_path.startswith(f"/tasks/{later[0]}.")
    assert output(office, loop)["humanAnswers"][0]["answerContent"] == {"diagnosis": "benign"}


def test_every_acknowledged_answer_is_there_exactly_once_after_kills(office):
    desk = Desk(office)
    loops = [desk.start(content={"score": number / 40}) for number in range(40)]
    acknowledged, ended = {}, threading.Event()

    def work(name):
        worker = None
        while not ended.is_set():
            try:
                worker = worker or Worker(links[name])
                path, ticket = worker.begin()
                if answered(worker, path, ticket, name):
                    acknowledged[path] = name
            # The server is down, or nothing is waiting
            except (OSError, HTTPException, ValueError):
                time.sleep(0.02)

    def answered(worker, path, ticket, name):
        """Send an answer until it is acknowledged, as a browser's user would."""
        while not ended.is_set():
            try:
                return worker.answer((path, ticket), diagnosis=name)[0] == 200
            except (OSError, HTTPException):
                time.sleep(0.02)

    links = {name: invite(office, name, desk.name) for name in ("ann", "bob")}
    threads = [threading.Thread(target=work, args=[name]) for name in links]
    for thread in threads:
        thread.start()
    for _ in range(3):
        time.sleep(0.4)
        kill(office)
    deadline = time.monotonic() + 30
    while len(acknowledged) < len(loops) and time.monotonic() < deadline:
        time.sleep(0.1)
    ended.set()
    for thread in threads:
        thread.join()
    assert len(acknowledged) == len(loops)
    for path, name in acknowledged.items():
        loop = path.removeprefix("/tasks/").partition(".")[0]
        assert describe(office, loop)["HumanLoopStatus"] == "Completed"
        (answer,) = output(office, loop)["humanAnswers"]
        assert answer["answerContent"] == {"diagnosis": name}
    listed = runtime(office).list_human_loops(FlowDefinitionArn=desk.flow)["HumanLoopSummaries"]
    assert sorted(one["HumanLoopName"] for one in listed) == sorted(loops)


def test_a_loop_whose_last_answer_came_just_before_a_crash_is_completed_at_the_next_start(office):
    from local_aws.kept import disk

    desk = Desk(office)
    ann, loop = desk.worker("ann"), desk.start()
    ann.answer(ann.begin(), diagnosis="benign")
    expected = output(office, loop)
    office.command("stop")
    # As if the crash had come between the answer and its consequences
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TUTORIAL_LOCAL_DIR", str(office.state))
        (record,) = [record for record, _ in disk.load("sagemaker", "us-east-1", "HumanLoop")]
        disk.save(
            disk.path_of("sagemaker", "us-east-1", "HumanLoop", loop),
            record | {"HumanLoopStatus": "InProgress"},
        )
        for header, _ in list(disk.load("s3", "objects")):
            if header["key"].endswith("output.json"):
                disk.drop(disk.path_of("s3", "objects", header["bucket"], header["key"]))
    office.start()
    assert describe(office, loop)["HumanLoopStatus"] == "Completed"
    assert output(office, loop) == expected
