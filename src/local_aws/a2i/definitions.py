"""The parts of a human loop: worker task templates, the workforce, work teams, flow definitions."""

import hashlib

from local_aws import services
from local_aws.a2i import loops
from local_aws.a2i.resources import drop_secret
from local_aws.sagemaker.models import Backend, Record
from local_aws.wire.errors import AwsError, validation_error
from model_monitoring import review

_DEFAULT_WORKFORCE = "default"


def prepare_ui(backend: Backend, record: Record) -> None:
    """Keep the text of a worker task template out of Describe's output."""
    content = record["UiTemplate"].pop("Content")
    record["_template"] = content
    record["UiTemplate"]["ContentSha256"] = hashlib.sha256(content.encode()).hexdigest()
    record["HumanTaskUiStatus"] = "Active"


def render(backend: Backend, request: Record) -> Record:
    """Render a template with an example input; the response's Errors say what is wrong with it."""
    content, arn = request.get("UiTemplate", {}).get("Content"), request.get("HumanTaskUiArn")
    if bool(content) == bool(arn):
        raise validation_error("Give either UiTemplate or HumanTaskUiArn.")
    task_input = loops.parse_input(request["Task"]["Input"], "Task.Input")
    try:
        html = review.render(
            content or _named(backend, "HumanTaskUi", arn)["_template"], task_input
        ).html
    except ValueError as error:
        return {
            "RenderedContent": "",
            "Errors": [{"Code": "TemplateRenderingError", "Message": str(error)}],
        }
    return {"RenderedContent": html, "Errors": []}


def prepare_workforce(backend: Backend, record: Record) -> None:
    """Check that a workforce is the region's first; an identity provider's secret isn't kept."""
    if backend.records["Workforce"]:
        raise validation_error(
            "There is a workforce in this region already: delete it first, with its work teams."
        )
    drop_secret(record)
    record["Status"] = "Active"


def end_workforce(backend: Backend, record: Record) -> None:
    """Refuse to delete a workforce that has work teams."""
    teams = [team["WorkteamName"] for team in backend.records["Workteam"].values()]
    if teams:
        raise AwsError(
            "ResourceInUse", f"The workforce still has work teams: {', '.join(sorted(teams))}."
        )


def add_default_workforce(backend: Backend) -> None:
    """Create the private workforce, as the console does with a region's first work team."""
    if not backend.records["Workforce"]:
        backend.create("Workforce", {"WorkforceName": _DEFAULT_WORKFORCE})


def prepare_team(backend: Backend, record: Record) -> None:
    """Put a new team into the region's workforce."""
    add_default_workforce(backend)
    name = record.pop("WorkforceName", next(iter(backend.records["Workforce"])))
    record["WorkforceArn"] = backend.find("Workforce", name)["WorkforceArn"]


def prepare_flow(backend: Backend, record: Record) -> None:
    """Check that a flow definition is for a custom task and that everything it names exists."""
    config = record.get("HumanLoopConfig")
    if record.get("HumanLoopRequestSource"):
        raise validation_error("Only custom tasks run offline: leave out HumanLoopRequestSource.")
    if record.get("HumanLoopActivationConfig"):
        raise validation_error(
            "HumanLoopActivationConfig is for built-in task types only: a custom task has no "
            "activation conditions, so start a loop only for what a person should see."
        )
    if not config:
        raise validation_error("A flow definition needs a HumanLoopConfig.")
    if config.get("PublicWorkforceTaskPrice"):
        raise validation_error(
            "There is no public workforce offline: leave out PublicWorkforceTaskPrice."
        )
    _named(backend, "Workteam", config["WorkteamArn"])
    _named(backend, "HumanTaskUi", config["HumanTaskUiArn"])
    try:
        services.list_objects(record["OutputConfig"]["S3OutputPath"])
    except ValueError as error:
        raise validation_error(f"S3OutputPath: {error}") from None
    record["FlowDefinitionStatus"] = "Active"


def end_flow(backend: Backend, record: Record) -> None:
    """Withdraw the loops that no worker has begun; the others may be finished."""
    for loop in list(backend.records["HumanLoop"].values()):
        if (
            loop["FlowDefinitionArn"] == record["FlowDefinitionArn"]
            and loop["HumanLoopStatus"] in loops.OPEN
        ):
            backend.change(loop, HumanLoopStatus="Stopping")
            loops.settle(backend, loop)
            if loop["HumanLoopStatus"] == "Stopped" and not loop["_answers"]:
                backend.remove(loop)


def _named(backend: Backend, kind: str, arn: str) -> Record:
    """Find a record by its ARN; raises AWS's error if it doesn't exist."""
    record = backend.records[kind].get(arn.rpartition("/")[2])
    if record is None or record[f"{kind}Arn"] != arn:
        raise validation_error(f'Could not find {kind} "{arn}".')
    return record
