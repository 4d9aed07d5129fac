"""The worker portal: workers sign in by link and fill in forms; loops end with answers in S3."""

import json
import re
import uuid
from datetime import datetime

from human_loops import Desk, Worker, describe, invite, output, runtime


def test_an_answer_completes_the_loop_and_is_written_as_a2i_writes_it(aws):
    desk = Desk(aws)
    ann = desk.worker("ann")
    assert ann.signed_in[:2] == (200, "/")
    loop = desk.start(content={"score": 0.5, "taskObject": "patient 7"})
    path, ticket = form = ann.begin()
    assert path.startswith(f"/tasks/{loop}.") and "0.5 of patient 7" in ann.ask(path)[2]
    status, path, page = ann.answer((path, ticket), diagnosis="malignant")
    assert (status, path) == (200, "/?saved") and "1 answered by you" in page
    assert describe(aws, loop)["HumanLoopStatus"] == "Completed"
    written = output(aws, loop)
    assert written.keys() == {"flowDefinitionArn", "humanAnswers", "humanLoopName", "inputContent"}
    assert (written["flowDefinitionArn"], written["humanLoopName"]) == (desk.flow, loop)
    assert written["inputContent"] == {"score": 0.5, "taskObject": "patient 7"}
    (answer,) = written["humanAnswers"]
    assert answer["answerContent"] == {"diagnosis": "malignant"}
    accepted, submitted = (
        datetime.fromisoformat(answer[f"{when}Time"]) for when in ("acceptance", "submission")
    )
    assert answer["timeSpentInSeconds"] == round((submitted - accepted).total_seconds(), 3) > 0
    assert re.fullmatch("[0-9a-f]{16}", answer["workerId"])
    identity = answer["workerMetadata"]["identityData"]
    assert identity["identityProviderType"] == "Cognito" and uuid.UUID(identity["sub"])
    assert ann.answer(form, diagnosis="benign")[:2] == (
        200,
        "/?saved",
    )  # sent twice: the same response
    assert output(aws, loop) == written


def test_missing_answers_are_named_and_the_others_kept(aws, desk):
    ann = desk.worker("ann")
    loop = desk.start()
    form = ann.begin(ann.task_of(loop))
    status, _, page = ann.answer(form, diagnosis="")
    assert status == 422 and "missing" in page
    assert describe(aws, loop)["HumanLoopStatus"] == "InProgress"


def test_two_workers_never_have_one_task(aws):
    desk = Desk(aws)
    ann, bob = desk.worker("ann"), desk.worker("bob")
    loop = desk.start()
    path, _ = ann.begin()
    status, _, page = bob.ask(path)
    assert status == 409 and "working on this task" in page
    assert "Nothing is waiting" in bob.queue()
    assert describe(aws, loop)["HumanLoopStatus"] == "InProgress"


def test_an_answer_after_a_stop_is_refused_and_the_typed_text_is_shown(aws):
    desk = Desk(aws)
    ann = desk.worker("ann")
    begun, idle = desk.start(), desk.start()
    form, stale = ann.begin(ann.task_of(begun)), ann.task_of(idle)
    for loop in (begun, idle):
        runtime(aws).stop_human_loop(HumanLoopName=loop)
    assert describe(aws, begun)["HumanLoopStatus"] == "Stopping"
    # Begun before the stop: may be finished, as on AWS
    assert ann.answer(form, diagnosis="benign")[0] == 200
    assert describe(aws, begun)["HumanLoopStatus"] == "Stopped"
    assert output(aws, begun)["humanAnswers"][0]["answerContent"] == {"diagnosis": "benign"}
    status, _, page = ann.ask(stale)
    assert status == 410 and "stopped" in page
    runtime(aws).delete_human_loop(HumanLoopName=idle)
    assert "withdrawn" in ann.ask(stale)[2]


def test_an_answer_to_a_deleted_loop_is_refused_and_the_typed_text_is_shown(aws):
    desk = Desk(aws)
    ann, bob = desk.worker("ann"), desk.worker("bob")
    loop = desk.start()
    form = ann.begin()
    bob.ask(form[0])
    assert ann.answer(form, diagnosis="benign")[0] == 200
    runtime(aws).delete_human_loop(HumanLoopName=loop)
    other = desk.start(loop)
    status, _, page = ann.answer((form[0], form[1]), diagnosis="what I typed")
    assert status == 410 and "what I typed" in page
    assert describe(aws, other)["HumanLoopStatus"] == "InProgress"


def test_a_worker_of_another_team_sees_nothing(aws, desk):
    loop = desk.start()
    stranger, ann = Desk(aws).worker("stranger"), desk.worker("ann")
    assert "Nothing is waiting" in stranger.queue()
    status, _, page = stranger.ask(ann.task_of(loop))
    assert status == 410 and "another work team" in page


def test_each_worker_needs_their_own_link(aws, desk):
    link = invite(aws, "ann", desk.name)
    subdomain = aws.sagemaker.describe_workteam(WorkteamName=desk.name)["Workteam"]["SubDomain"]
    assert link.startswith(f"http://{subdomain}/enter#")
    forged = Worker(link[:-3] + "abc")
    assert forged.signed_in[0] == 401 and forged.ask("/")[1].startswith("/enter")
    log = (aws.state / "aws" / "server.log").read_text()
    assert link.partition("#")[2] not in log


def test_the_error_says_what_an_invitation_lacks(aws, desk):
    Desk(aws)
    for arguments, words in (
        (("ann",), "Say which work team"),
        (("ann", "--workteam", "nobody"), "no work team 'nobody'"),
        (("", "--workteam", desk.name), "printable"),
        (("a\nb", "--workteam", desk.name), "printable"),
    ):
        done = aws.command("invite", *arguments, check=False)
        assert done.returncode == 1 and words in done.stderr
    assert "#" in invite(aws, "ann", desk.team)  # by the ARN that the first message names


def test_each_region_has_its_own_portal(aws, desk):
    worker = desk.worker("ann")
    status, _, page = worker.ask(worker.site.replace("us-east-1", "nowhere"))
    assert status == 404 and "region" in page


def test_scripts_in_a_template_or_its_input_do_not_run(aws):
    template = (
        "<script>alert(1)</script>"
        "<crowd-form><p onclick='x()'>{{ task.input.text }}</p></crowd-form>"
    )
    desk = Desk(aws, template=template)
    ann = desk.worker("ann")
    desk.start(content={"text": "<script>alert(2)</script>"})
    path, _ = ann.begin()
    page = ann.ask(path)[2]
    assert "alert(1)" not in page and "onclick" not in page and "<script>alert" not in page
    assert "&lt;script&gt;alert(2)" in page


def test_numbers_and_unicode_come_back_as_typed(aws):
    desk = Desk(aws)
    ann = desk.worker("Änne 医")
    loop = desk.start(content={"score": 0.25, "taskObject": "Größe 医"})
    path, ticket = ann.begin()
    assert "Größe 医" in ann.ask(path)[2]
    ann.answer((path, ticket), diagnosis="gutartig – 良性 ' \" <b>")
    written = output(aws, loop)
    assert written["humanAnswers"][0]["answerContent"] == {"diagnosis": "gutartig – 良性 ' \" <b>"}
    assert json.loads(json.dumps(written)) == written
