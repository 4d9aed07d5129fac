"""Run a processing job: the command of ContainerEntrypoint and ContainerArguments.

It reads $OPT_ML/config/processingjobconfig.json (AppSpecification, ProcessingOutputConfig). The
inputs are already downloaded to their LocalPath, under the private root. /opt/ml leads there (see
localise), for the SDK's ScriptProcessor and FrameworkProcessor as well as for a plain
CreateProcessingJob. The script runs with this Python, as a subprocess with the private root as its
working directory. It may leave an exit message in /opt/ml/output/message.
"""

import json
from argparse import Namespace

from ..base.contract import ClientError, opt_ml, to_private
from .command import run_script
from .localise import find_root, localise_all, localise_code, localise_environment


def process(_: Namespace) -> None:
    """Run the job's command; exits with its code if it fails; ClientError if it can't start."""
    config = json.loads((opt_ml() / "config" / "processingjobconfig.json").read_text())
    application = config["AppSpecification"]
    if not application.get("ContainerEntrypoint"):
        raise ClientError(
            "The image has no entry point of its own offline: "
            "give AppSpecification.ContainerEntrypoint"
        )
    for output in (config.get("ProcessingOutputConfig") or {}).get("Outputs", []):
        to_private(output["S3Output"]["LocalPath"]).mkdir(parents=True, exist_ok=True)
    (opt_ml() / "output").mkdir(exist_ok=True)
    root = find_root()
    localise_code(opt_ml() / "processing", root)
    command = localise_all(
        [*application["ContainerEntrypoint"], *application.get("ContainerArguments", [])], root
    )
    reason = "See job logs for more information: {error}"
    run_script(command, localise_environment(root), opt_ml().parent.parent, reason)


VERBS = {"run": process}
