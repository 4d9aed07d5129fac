"""What tests of A2I share: a workforce's things in SageMaker, and a worker who fills in forms over HTTP."""

import json
import re
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.cookiejar import CookieJar

from offline import check_answer, unique

ROLE = "arn:aws:iam::123456789012:role/TutorialExecutionRole"
TEMPLATE = """
<script src="https://assets.crowd.aws/crowd-html-elements.js"></script>
<crowd-form>
  <short-instructions>Say what you think of the record.</short-instructions>
  <p>Score: {{ task.input.score }} of {{ task.input.taskObject }}</p>
  <crowd-input name="diagnosis" label="Diagnosis" required></crowd-input>
</crowd-form>
"""


def runtime(aws):
    """A client of the A2I runtime, its answers checked."""
    fresh = "sagemaker-a2i-runtime" not in aws._clients
    client = aws.client("sagemaker-a2i-runtime")
    if fresh:
        client.meta.events.register("after-call", check_answer)
    return client


@dataclass
class Desk:
    """A work team, a template and a flow definition, of one name."""

    aws: object
    name: str = field(default_factory=lambda: unique("desk"))
    template: str = TEMPLATE
    config: dict = field(default_factory=dict)
    conditions: dict | None = None

    def __post_init__(self):
        sagemaker = self.aws.sagemaker
        ui = sagemaker.create_human_task_ui(HumanTaskUiName=self.name, UiTemplate={"Content": self.template})
        self.team = create_team(self.aws, self.name)
        activation = {}
        if self.conditions:
            text = json.dumps(self.conditions)
            inner = {"HumanLoopActivationConditionsConfig": {"HumanLoopActivationConditions": text}}
            activation = {"HumanLoopActivationConfig": inner}
        self.flow = sagemaker.create_flow_definition(
            FlowDefinitionName=self.name,
            HumanLoopConfig={
                "WorkteamArn": self.team,
                "HumanTaskUiArn": ui["HumanTaskUiArn"],
                "TaskTitle": f"Review {self.name}",
                "TaskDescription": "Look at a record",
                "TaskCount": 1,
                **self.config,
            },
            OutputConfig={"S3OutputPath": "s3://data/reviewed"},
            RoleArn=ROLE,
            **activation,
        )["FlowDefinitionArn"]

    def start(self, name=None, content=None):
        name = name or unique("loop")
        text = json.dumps(content or {"score": 0.5, "taskObject": "patient 1"})
        runtime(self.aws).start_human_loop(
            HumanLoopName=name, FlowDefinitionArn=self.flow, HumanLoopInput={"InputContent": text}
        )
        return name

    def worker(self, name):
        return Worker(invite(self.aws, name, self.name))


def create_team(aws, name):
    members = [{"CognitoMemberDefinition": {"UserPool": "us-east-1_pool", "UserGroup": "g", "ClientId": "c"}}]
    return aws.sagemaker.create_workteam(WorkteamName=name, MemberDefinitions=members, Description="Reviewers")[
        "WorkteamArn"
    ]


def invite(aws, worker, team):
    """Invite by the command; answers the link."""
    return aws.command("invite", worker, "--workteam", team).stdout.splitlines()[-1]


def describe(aws, loop):
    return runtime(aws).describe_human_loop(HumanLoopName=loop)


def output(aws, loop):
    """Read the output.json of a loop."""
    bucket, _, key = describe(aws, loop)["HumanLoopOutput"]["OutputS3Uri"].removeprefix("s3://").partition("/")
    return json.loads(aws.s3.get_object(Bucket=bucket, Key=key)["Body"].read())


class Form(HTMLParser):
    """The first form with method post of a page that holds more than a button, and its hidden inputs."""

    def __init__(self, page):
        super().__init__()
        self.action, self.hidden = None, {}
        self._open = False
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if tag == "form" and given.get("method", "").lower() == "post" and "data-task" in given:
            self.action, self._open = given.get("action") or "", True
        elif tag == "input" and given.get("type") == "hidden" and self._open and "name" in given:
            self.hidden[given["name"]] = given.get("value", "")

    def handle_endtag(self, tag):
        if tag == "form":
            self._open = False


class Worker:
    """A scripted worker, signed in by a link."""

    def __init__(self, link):
        self.site, _, token = link.partition("/enter#")
        opener = urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(CookieJar())
        self._open = urllib.request.build_opener(*opener).open
        self.post("/enter", token=token)

    def get(self, path="/"):
        """Answer status, address and text of a page."""
        return self._ask(self.site + path)

    def post(self, path, **fields):
        return self._ask(urllib.parse.urljoin(f"{self.site}/", path.lstrip("/")), fields)

    def _ask(self, url, fields=None):
        body = urllib.parse.urlencode(fields, doseq=True).encode() if fields is not None else None
        try:
            with self._open(urllib.request.Request(url, body), timeout=30) as answer:
                return answer.status, answer.url, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.url, error.read().decode()

    def text(self, path="/"):
        """Answer what a page says, without its marks."""
        return " ".join(re.sub(r"<(style|script).*?</\1>|<[^>]+>", " ", self.get(path)[2], flags=re.S).split())
