"""Workforces, work teams, worker task templates and flow definitions, as in SageMaker."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256

import pytest
from botocore.exceptions import ClientError
from human_loops import ROLE, TEMPLATE, Desk, create_team, unchecked
from offline import unique

SAGEMAKER = "arn:aws:sagemaker:us-east-1:123456789012"
TEXTRACT = "AWS/Textract/AnalyzeDocument/Forms/V1"


def code(error):
    return error.value.response["Error"]["Code"]


def test_a_workforce_exists_from_the_start(aws):
    workforce = aws.sagemaker.describe_workforce(WorkforceName="default")["Workforce"]
    assert (
        workforce["WorkforceArn"]
        == "arn:aws:sagemaker:us-east-1:123456789012:workforce/private-crowd/default"
    )
    assert workforce["CreateDate"] <= workforce["LastUpdatedDate"]
    assert [one["WorkforceName"] for one in aws.sagemaker.list_workforces()["Workforces"]] == [
        "default"
    ]


def test_a_region_has_one_workforce_and_no_secret_is_kept(own_aws):
    sagemaker = own_aws.sagemaker
    with pytest.raises(ClientError, match="already"):
        sagemaker.create_workforce(WorkforceName="mine")
    team = create_team(own_aws, "team")
    with pytest.raises(ClientError, match="team") as error:
        # An error that its model lacks
        unchecked(own_aws, "sagemaker").delete_workforce(WorkforceName="default")
    assert code(error) == "ResourceInUse" and team.endswith("workteam/private-crowd/team")
    assert sagemaker.delete_workteam(WorkteamName="team")["Success"]
    sagemaker.delete_workforce(WorkforceName="default")
    addresses = (
        "Issuer",
        "AuthorizationEndpoint",
        "TokenEndpoint",
        "UserInfoEndpoint",
        "LogoutEndpoint",
        "JwksUri",
    )
    config = dict.fromkeys(addresses, "https://id.example") | {
        "ClientId": "c",
        "ClientSecret": "hush-hush",
    }
    sagemaker.create_workforce(WorkforceName="mine", OidcConfig=config)
    described = sagemaker.update_workforce(WorkforceName="mine", OidcConfig=config)["Workforce"]
    assert (
        described["OidcConfig"]["Issuer"] == "https://id.example"
        and described["Status"] == "Active"
    )
    kept = [path.read_bytes() for path in own_aws.state.rglob("*") if path.is_file()]
    assert not [content for content in kept if b"hush-hush" in content]
    own_aws.command("stop")
    listed = own_aws.start().sagemaker.list_workforces()["Workforces"]
    assert [one["WorkforceName"] for one in listed] == ["mine"]


def test_a_team_knows_where_its_portal_is(aws, desk):
    team = aws.sagemaker.describe_workteam(WorkteamName=desk.name)["Workteam"]
    assert team["SubDomain"] == f"127.0.0.1:{aws.server['portal']}/us-east-1"
    assert team["WorkteamArn"] == desk.team and team["WorkforceArn"].endswith("/default")
    listed = aws.sagemaker.list_workteams(NameContains=desk.name, SortBy="CreateDate")["Workteams"]
    assert listed == [team]


def test_an_update_of_a_team_changes_what_it_names(aws, desk):
    before = aws.sagemaker.describe_workteam(WorkteamName=desk.name)["Workteam"]
    members = [{"OidcMemberDefinition": {"Groups": ["g"]}}]
    after = aws.sagemaker.update_workteam(WorkteamName=desk.name, MemberDefinitions=members)[
        "Workteam"
    ]
    assert after["MemberDefinitions"] == members and after["Description"] == before["Description"]
    assert (
        after["LastUpdatedDate"] > before["LastUpdatedDate"]
        and after["CreateDate"] == before["CreateDate"]
    )


def test_templates_are_made_described_listed_and_deleted(aws):
    sagemaker, name = aws.sagemaker, unique("ui")
    arn = sagemaker.create_human_task_ui(HumanTaskUiName=name, UiTemplate={"Content": TEMPLATE})[
        "HumanTaskUiArn"
    ]
    described = sagemaker.describe_human_task_ui(HumanTaskUiName=name)
    assert (
        described["HumanTaskUiArn"]
        == arn
        == f"arn:aws:sagemaker:us-east-1:123456789012:human-task-ui/{name}"
    )
    assert described["HumanTaskUiStatus"] == "Active"
    assert described["UiTemplate"] == {"ContentSha256": sha256(TEMPLATE.encode()).hexdigest()}
    with pytest.raises(sagemaker.exceptions.ResourceInUse):
        sagemaker.create_human_task_ui(HumanTaskUiName=name, UiTemplate={"Content": TEMPLATE})
    assert arn in [
        one["HumanTaskUiArn"] for one in sagemaker.list_human_task_uis()["HumanTaskUiSummaries"]
    ]
    sagemaker.delete_human_task_ui(HumanTaskUiName=name)
    with pytest.raises(sagemaker.exceptions.ResourceNotFound):
        sagemaker.describe_human_task_ui(HumanTaskUiName=name)


def test_a_template_with_a_mistake_is_refused_with_its_line(aws):
    broken = (
        "<crowd-form>\n<p>{{ task.input.a }}</p>\n"
        "{% for row of task.input.rows %}\n{{ row }}{% endfor %}"
    )
    with pytest.raises(ClientError, match="Line 3") as error:
        aws.sagemaker.create_human_task_ui(HumanTaskUiName="broken", UiTemplate={"Content": broken})
    assert code(error) == "ValidationException"


def test_an_endless_template_is_refused_while_other_requests_are_served(aws):
    endless = (
        "{% assign n = 10 %}{% for i in (1..40) %}{% assign n = n | times: n %}{% endfor %}{{ n }}"
    )
    asked = {"UiTemplate": {"Content": endless}, "Task": {"Input": "{}"}, "RoleArn": ROLE}
    with ThreadPoolExecutor(1) as other:
        preview = other.submit(aws.sagemaker.render_ui_template, **asked)
        start = time.monotonic()
        aws.sagemaker.list_human_task_uis()
        assert time.monotonic() - start < 3 and not preview.done()
        assert "time limit" in preview.result()["Errors"][0]["Message"]


def test_a_template_is_previewed(aws, desk):
    task = {"Input": json.dumps({"score": "<b>0.5</b>", "taskObject": "you"})}
    given = aws.sagemaker.render_ui_template(
        UiTemplate={"Content": TEMPLATE}, Task=task, RoleArn=ROLE
    )
    assert given["Errors"] == [] and "&lt;b&gt;0.5&lt;/b&gt; of you" in given["RenderedContent"]
    arn = aws.sagemaker.describe_human_task_ui(HumanTaskUiName=desk.name)["HumanTaskUiArn"]
    named = aws.sagemaker.render_ui_template(HumanTaskUiArn=arn, Task=task, RoleArn=ROLE)
    assert named["RenderedContent"] == given["RenderedContent"]
    broken = aws.sagemaker.render_ui_template(
        UiTemplate={"Content": "\n{{ a | }}"}, Task=task, RoleArn=ROLE
    )
    assert broken["Errors"] and "ine 2" in broken["Errors"][0]["Message"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"UiTemplate": None}, "either"),
        ({"Task": {"Input": "no JSON"}}, "Task.Input"),
        ({"UiTemplate": None, "HumanTaskUiArn": f"{SAGEMAKER}:human-task-ui/x"}, "find"),
    ],
)
def test_an_invalid_preview_is_refused(aws, changes, words):
    asked = {
        "UiTemplate": {"Content": TEMPLATE},
        "Task": {"Input": "{}"},
        "RoleArn": ROLE,
    } | changes
    with pytest.raises(ClientError, match=words):
        aws.sagemaker.render_ui_template(**{name: value for name, value in asked.items() if value})


def test_flow_definitions_are_made_described_listed_and_deleted(aws):
    desk, sagemaker = Desk(aws), aws.sagemaker
    described = sagemaker.describe_flow_definition(FlowDefinitionName=desk.name)
    assert (
        described["FlowDefinitionArn"] == desk.flow
        and described["FlowDefinitionStatus"] == "Active"
    )
    assert described["HumanLoopConfig"]["WorkteamArn"] == desk.team
    assert desk.flow in [
        one["FlowDefinitionArn"]
        for one in sagemaker.list_flow_definitions()["FlowDefinitionSummaries"]
    ]
    with pytest.raises(ClientError) as error:
        Desk(aws, name=desk.name)
    assert code(error) == "ResourceInUse"
    sagemaker.delete_flow_definition(FlowDefinitionName=desk.name)
    with pytest.raises(sagemaker.exceptions.ResourceNotFound):
        sagemaker.describe_flow_definition(FlowDefinitionName=desk.name)
    with pytest.raises(sagemaker.exceptions.ResourceNotFound):
        sagemaker.delete_flow_definition(FlowDefinitionName=desk.name)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"WorkteamArn": f"{SAGEMAKER}:workteam/private-crowd/nobody"}, "nobody"),
        ({"HumanTaskUiArn": f"{SAGEMAKER}:human-task-ui/none"}, "none"),
        ({"TaskCount": 4}, "taskCount"),
        ({"PublicWorkforceTaskPrice": {"AmountInUsd": {"Cents": 1}}}, "public workforce"),
    ],
)
def test_a_flow_definition_that_could_not_work_is_refused(aws, desk, changes, words):
    with pytest.raises(ClientError, match=words) as error:
        create_flow(aws, desk, HumanLoopConfig=flow_config(aws, desk) | changes)
    assert code(error) == "ValidationException"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"OutputConfig": {"S3OutputPath": "s3://no-such-bucket/out"}}, "no-such-bucket"),
        ({"OutputConfig": {"S3OutputPath": "https://data/out"}}, "S3OutputPath"),
        ({"HumanLoopRequestSource": {"AwsManagedHumanLoopRequestSource": TEXTRACT}}, "custom"),
    ],
)
def test_a_missing_source_or_output_is_refused(aws, desk, changes, words):
    with pytest.raises(ClientError, match=words):
        create_flow(aws, desk, HumanLoopConfig=flow_config(aws, desk), **changes)


def test_activation_conditions_of_a_custom_task_are_refused_as_on_aws(aws, desk):
    text = json.dumps({"Conditions": [{"ConditionType": "Sampling"}]})
    inner = {"HumanLoopActivationConditionsConfig": {"HumanLoopActivationConditions": text}}
    with pytest.raises(ClientError, match="HumanLoopActivationConfig is for built-in") as error:
        create_flow(
            aws,
            desk,
            HumanLoopConfig=flow_config(aws, desk),
            HumanLoopActivationConfig=inner,
        )
    assert code(error) == "ValidationException"


def flow_config(aws, desk):
    return aws.sagemaker.describe_flow_definition(FlowDefinitionName=desk.name)["HumanLoopConfig"]


def create_flow(aws, desk, **changes):
    asked = {"OutputConfig": {"S3OutputPath": "s3://data/reviewed"}, "RoleArn": ROLE} | changes
    return aws.sagemaker.create_flow_definition(FlowDefinitionName=unique("flow"), **asked)


def test_tags_are_kept(aws, desk):
    aws.sagemaker.add_tags(ResourceArn=desk.flow, Tags=[{"Key": "a", "Value": "b"}])
    assert aws.sagemaker.list_tags(ResourceArn=desk.flow)["Tags"] == [{"Key": "a", "Value": "b"}]
    aws.sagemaker.add_tags(ResourceArn=desk.team, Tags=[{"Key": "c", "Value": "d"}])
    assert aws.sagemaker.list_tags(ResourceArn=desk.team)["Tags"] == [{"Key": "c", "Value": "d"}]
