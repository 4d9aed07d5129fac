"""A region's work teams and human loops, used without HTTP."""

import uuid
from datetime import UTC, datetime, timedelta

from local_aws import operations
from local_aws.a2i import loops
from local_aws.a2i.store import Store
from model_monitoring import review

TEMPLATE = '<crowd-form><crowd-input name="a"></crowd-input></crowd-form>'
ROLE = "arn:aws:iam::123456789012:role/TutorialExecutionRole"


class Office:
    """The work teams and human loops of a region, used without HTTP."""

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
        """Let a worker's time for a loop run out."""
        claim = self.loop(name)["_claims"][worker] | {
            "expires": datetime.now(UTC) - timedelta(seconds=1)
        }
        self.backend.change(self.loop(name), _claims=self.loop(name)["_claims"] | {worker: claim})

    def close(self, name):
        """Let the time run out in which a loop's task is available."""
        self.loop(name)["_closes"] = datetime.now(UTC) - timedelta(seconds=1)

    def tick(self, name):
        loops.settle(self.backend, self.loop(name))
        return self.loop(name)["HumanLoopStatus"]


def states(queue):
    return [(line.task_id.partition(".")[0], line.state) for line in queue.tasks]
