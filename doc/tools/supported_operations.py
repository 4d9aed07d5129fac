"""Make the tables of doc/local-aws.md from the code.

`python doc/tools/supported_operations.py` writes them into that page.
"""

from pathlib import Path

from moto.core.utils import get_service_model

from local_aws import operations
from local_aws.a2i import loops, responses
from local_aws.containers.catalog import IMAGES

DOCUMENT = Path(__file__).parent.parent / "local-aws.md"
_MODELS = ("sagemaker", responses.SERVICE)
_BEGIN, _END = "<!-- made by doc/tools/supported_operations.py -->\n", "<!-- end -->\n"

# What differs from AWS, besides missing operations.
_DIFFERENCES = {
    "TrainingJob": "one process, whatever the instance count and type; File and FastFile input "
    "from S3; VPC, spot, checkpoints, debugger and profiler are accepted but have no effect",
    "ProcessingJob": "one process; S3 inputs and outputs below /opt/ml; the image needs a "
    "ContainerEntrypoint; outputs are uploaded at the end of the job",
    "Model": "one container; no model packages, no inference pipelines",
    "EndpointConfig": "real-time variants; asynchronous inference and explainers are refused; "
    "a serverless variant is served like any other variant",
    "Endpoint": "one process per variant, whatever the instance count; an update is all at once, "
    "and rolled back if it fails; routing configurations are accepted but have no effect",
    "DataQualityJobDefinition": "endpoint input only; no preprocessing or postprocessing script",
    "ModelQualityJobDefinition": "as for data quality",
    "MonitoringSchedule": "data and model quality; hours missed while the server was down are not "
    "run later",
    "MonitoringExecution": "begins at its hour, not up to 20 minutes later; looks at whole hours "
    "of captured data",
    "HumanTaskUi": "described without a Url; image and video elements are shown as their content",
    "Workforce": "one private workforce, `default`, exists from the start; identity providers, "
    "VPC and IP ranges have no effect: workers sign in with a link",
    "Workteam": "its workers are invited by `python -m local_aws invite`; its members don't count; "
    "notifications are not sent",
    "FlowDefinition": "custom tasks only; activation conditions are refused, as AWS refuses them "
    "for custom tasks",
    "HumanLoop": "a worker's time limit starts again with each saved draft",
}
# The content types each image's endpoint takes without a script of the user's own.
CONTENT_TYPES = {
    "linear-learner": ("text/csv", "application/json", "application/jsonlines"),
    "xgboost": ("text/csv", "text/libsvm"),
    "sklearn": (),
    "sagemaker-distribution": (),
    "model-monitor": (),
    "groundtruth-merger": (),
}
_SERVICES = (
    ("SageMaker", "as in the table above", "all resources and their tags"),
    ("SageMaker runtime", "InvokeEndpoint", "captured requests"),
    ("A2I runtime", "as in the table above", "human loops, with claims, drafts and answers"),
    (
        "S3",
        "moto's",
        "buckets, their versioning and policy; objects with metadata and tags, the latest version",
    ),
    (
        "IAM",
        "moto's, and SimulatePrincipalPolicy; signatures are verified, policies are not enforced",
        "roles, their policies, customer policies",
    ),
    (
        "STS",
        "AssumeRole, GetCallerIdentity; GetSessionToken and GetFederationToken are refused",
        "the tutorial's own credentials",
    ),
    (
        "EventBridge Scheduler",
        "moto's; a schedule whose target is a SageMaker call makes that call when it is due",
        "schedules and their groups",
    ),
    (
        "CloudWatch",
        "moto's; alarms on a metric change state, but run no actions",
        "nothing: it starts empty",
    ),
    (
        "EventBridge",
        "moto's; gets the status changes of human loops, passes them to SQS and CloudWatch Logs",
        "nothing: it starts empty",
    ),
    ("CloudWatch Logs, ECR, SNS and others", "moto's", "nothing: they start empty"),
)


def tables() -> str:
    """Return the Markdown of all tables."""
    return "\n".join((_operations(), _images(), _services()))


def _operations() -> str:
    """Return the table of SageMaker's operations, by resource."""
    known = [name for service in _MODELS for name in get_service_model(service).operation_names]
    supported_here = operations.by_name() | loops.OPERATIONS
    lines = [
        "| SageMaker resource | operations | AWS also has | differs from AWS |",
        "|---|---|---|---|",
    ]
    named = set()
    for resource in operations.RESOURCES:
        own = [name for name in known if _is_of(name, resource.kind)]
        supported = [name for name in own if name in supported_here]
        named.update(supported)
        missing = ", ".join(name for name in own if name not in supported_here) or "–"
        cells = (resource.words, ", ".join(supported), missing, _DIFFERENCES[resource.kind])
        lines.append(f"| {' | '.join(cells)} |")
    of_any = [name for name in supported_here if name not in named]
    lines.append(f"| any | {', '.join(of_any)} | – | – |")
    return "\n".join(lines) + "\n"


def _is_of(operation: str, kind: str) -> bool:
    """Say whether an operation is of a kind of resource: its name is the kind's after a verb."""
    verbs = ("Create", "Describe", "List", "Delete", "Stop", "Start", "Update")
    names = {f"{verb}{kind}" for verb in verbs}
    names |= {f"List{kind}s", f"Update{kind}WeightsAndCapacities"}
    return operation in names or (operation, kind) == ("RenderUiTemplate", "HumanTaskUi")


def _images() -> str:
    """Return the table of images."""
    lines = [
        "| image | can | endpoint's content types | with a script of your own |",
        "|---|---|---|---|",
    ]
    for image in IMAGES:
        types = ", ".join(CONTENT_TYPES[image.name]) or (
            "your script's" if "serve" in image.verbs else "–"
        )
        script = (
            "yes" if "run" in image.verbs and image.processor == "user_script.processing" else "no"
        )
        lines.append(f"| {image.name} | {', '.join(image.verbs)} | {types} | {script} |")
    return "\n".join(lines) + "\n"


def _services() -> str:
    """Return the table of services."""
    lines = ["| service | operations | what survives a restart |", "|---|---|---|"]
    return "\n".join(lines + [f"| {' | '.join(row)} |" for row in _SERVICES]) + "\n"


def rewrite(document: Path) -> None:
    """Put the present tables into a document, between its two marks."""
    text = document.read_text()
    before, rest = text.split(_BEGIN)
    document.write_text(before + _BEGIN + tables() + _END + rest.split(_END)[1])


if __name__ == "__main__":
    rewrite(DOCUMENT)
