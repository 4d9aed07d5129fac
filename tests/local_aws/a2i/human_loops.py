"""Shared by the tests of A2I: a workforce in SageMaker, and a worker who sends forms over HTTP."""

import html
import json
import re
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from http.cookiejar import CookieJar

import boto3
from botocore.config import Config
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
    """A client of the A2I runtime whose responses are checked."""
    fresh = "sagemaker-a2i-runtime" not in aws._clients
    client = aws.client("sagemaker-a2i-runtime")
    if fresh:
        client.meta.events.register("after-call", check_answer)
    return client


def unchecked(aws, service):
    """A client that sends what botocore would refuse; its responses aren't checked."""
    credentials = (
        aws.env[f"AWS_{name}"] for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN")
    )
    config = Config(parameter_validation=False, retries={"total_max_attempts": 1})
    session = boto3.Session(*credentials, region_name="us-east-1")
    return session.client(service, endpoint_url=aws.env["AWS_ENDPOINT_URL"], config=config)


@dataclass
class Desk:
    """A work team, a template and a flow definition with one name."""

    aws: object
    name: str = field(default_factory=lambda: unique("desk"))
    template: str = TEMPLATE
    config: dict = field(default_factory=dict)

    def __post_init__(self):
        sagemaker = self.aws.sagemaker
        ui = sagemaker.create_human_task_ui(
            HumanTaskUiName=self.name, UiTemplate={"Content": self.template}
        )
        self.team = create_team(self.aws, self.name)
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
        )["FlowDefinitionArn"]

    def start(self, name=None, content=None):
        name = name or unique("loop")
        text = json.dumps(content or {"score": 0.5, "taskObject": "patient 1"})
        runtime(self.aws).start_human_loop(
            HumanLoopName=name, FlowDefinitionArn=self.flow, HumanLoopInput={"InputContent": text}
        )
        return name

    def worker(self, name):
        """A worker of only this team."""
        return Worker(invite(self.aws, f"{name} of {self.name}", self.name))


def create_team(aws, name):
    members = [
        {
            "CognitoMemberDefinition": {
                "UserPool": "us-east-1_pool",
                "UserGroup": "g",
                "ClientId": "c",
            }
        }
    ]
    return aws.sagemaker.create_workteam(
        WorkteamName=name, MemberDefinitions=members, Description="Reviewers"
    )["WorkteamArn"]


def invite(aws, worker, team):
    """Invite a worker with the command; returns the link."""
    return aws.command("invite", worker, "--workteam", team).stdout.splitlines()[-1]


def describe(aws, loop):
    return runtime(aws).describe_human_loop(HumanLoopName=loop)


def output(aws, loop):
    """Read the output.json of a loop."""
    bucket, _, key = (
        describe(aws, loop)["HumanLoopOutput"]["OutputS3Uri"].removeprefix("s3://").partition("/")
    )
    return json.loads(aws.s3.get_object(Bucket=bucket, Key=key)["Body"].read())


class Worker:
    """A scripted worker, signed in by a link."""

    def __init__(self, link):
        self.site, _, token = link.partition("/enter#")
        handlers = urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(CookieJar())
        self._open = urllib.request.build_opener(*handlers).open
        self.signed_in = self.ask("/enter", token=token)

    def ask(self, path="/", **fields):
        """Get a page, or post fields to it; returns status, path below the site, and the page."""
        url = path if path.startswith("http") else self.site + path
        body = urllib.parse.urlencode(fields, doseq=True).encode() if fields else None
        try:
            with self._open(urllib.request.Request(url, body), timeout=30) as answer:
                return answer.status, answer.url.removeprefix(self.site), answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.url.removeprefix(self.site), error.read().decode()

    def queue(self):
        """Return the queue page."""
        return self.ask()[2]

    def begin(self, path=None):
        """Claim a task, by default the next one; returns its path and the form's ticket."""
        if path is None:
            _, path, page = self.ask("/next", form_token=value_of("form_token", self.queue()))
        else:
            _, path, page = self.ask(path)
        return path, value_of("review:ticket", page)

    def answer(self, form, **fields):
        """Send a form; returns status, path and page."""
        path, ticket = form
        return self.ask(path, **{"review:ticket": ticket}, **fields)

    def task_of(self, loop):
        """Return the path of a loop's task in the queue."""
        return re.search(
            rf'href="[^"]*?(/tasks/{loop}\.[^"]*)"', self.queue().replace('="./', '="/')
        )[1]


def value_of(name, page):
    """Return the value of a page's hidden input."""
    (found,) = {html.unescape(text) for text in re.findall(rf'name="{name}" value="([^"]*)"', page)}
    return found
