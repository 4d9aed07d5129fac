"""Script mode of the sklearn and xgboost images: the user's own training script and inference.py.

Training runs one of these, in this order of preference:

- the command in the environment variable CONTAINER_COMMAND, a JSON list of the job's
ContainerEntrypoint and ContainerArguments: SDK v3's ModelTrainer sends it for its SourceCode
(channels `code` and `sm_drivers`);
- the script that the hyperparameter or environment variable SAGEMAKER_PROGRAM names, from the
source archive at SAGEMAKER_SUBMIT_DIRECTORY (s3://….tar.gz, or a path under /opt/ml) or else from
the channel `code`: SDK v2 sends it. The script gets the other hyperparameters as arguments
(--max_depth 5) and SageMaker's SM_* variables.

Serving loads SAGEMAKER_PROGRAM from SAGEMAKER_SUBMIT_DIRECTORY, by default /opt/ml/model/code. It
needs model_fn. input_fn, predict_fn and output_fn have defaults; transform_fn may replace all
three. localise says how a script must write its paths. requirements.txt is not installed: jobs
share the tutorial's own packages.
"""

import json
import os
import shutil
import sys
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

from ..base.archives import unpack
from ..base.contract import ClientError, current_host, opt_ml, read_config, to_private
from ..base.serving import serve as serve_model
from .command import run_script
from .handlers import load_handlers
from .localise import find_root, localise_all, localise_code, localise_environment

_REASON = 'ExecuteUserScriptError:\nExitCode {code}\nErrorMessage "{error}"\nCommand "{command}"'


def is_asked_for() -> bool:
    """Say whether this job has its own script; SDK v3 sends an empty name if it has none."""
    given = os.environ.get("CONTAINER_COMMAND") or os.environ.get("SAGEMAKER_PROGRAM")
    return bool(given or read_config("hyperparameters").get("sagemaker_program"))


def train(_: Namespace) -> None:
    """Run the user's training script; exits with its code if it fails, or raises ClientError."""
    root = find_root()
    (opt_ml() / "output" / "data").mkdir(parents=True, exist_ok=True)
    if os.environ.get("CONTAINER_COMMAND"):
        localise_code(opt_ml() / "input" / "data", root)
        command = localise_all(json.loads(os.environ["CONTAINER_COMMAND"]), root)
        run_script(command, localise_environment(root), opt_ml().parent.parent, _REASON)
        return
    given = {name: _decode(value) for name, value in read_config("hyperparameters").items()}
    folder, script = _find_script(
        given.get("sagemaker_program", os.environ.get("SAGEMAKER_PROGRAM")),
        given.get("sagemaker_submit_directory", os.environ.get("SAGEMAKER_SUBMIT_DIRECTORY")),
        opt_ml() / "input" / "data" / "code",
        root,
    )
    own = {name: value for name, value in given.items() if not name.startswith(("sagemaker_", "_"))}
    arguments = localise_all(_list_arguments(own), root)
    command = ["/bin/sh", str(script)] if script.suffix == ".sh" else [sys.executable, str(script)]
    os.environ.update(_describe_job(own, arguments, folder, script))
    run_script([*command, *arguments], localise_environment(root), folder, _REASON)


def serve(arguments: Namespace, image: str = "sklearn") -> None:
    """Serve the model through the user's script; raises ClientError."""
    place = os.environ.get("SAGEMAKER_SUBMIT_DIRECTORY") or "/opt/ml/model/code"
    # SDK v3's local directory, packed with the model
    place = "/opt/ml/model/code" if place.startswith("file://") else place
    root = find_root()
    folder, script = _find_script(
        os.environ.get("SAGEMAKER_PROGRAM"), place, opt_ml() / "model" / "code", root
    )
    os.environ.update(localise_environment(root) | {"SM_MODEL_DIR": str(opt_ml() / "model")})
    os.chdir(folder)
    sys.path.insert(0, str(folder))
    serve_model(lambda directory: load_handlers(script, directory, image), arguments)


def _decode(text: str) -> object:
    """Decode a hyperparameter: SDK v2 sends each as JSON, others as plain text."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _find_script(
    program: str | None, place: str | None, default: Path, root: str
) -> tuple[Path, Path]:
    """Fetch the source code and return (folder, script); raises ClientError."""
    if not program:
        raise ClientError(
            "The image needs a script: set sagemaker_program (SDK: SourceCode or entry_point)"
        )
    folder = to_private(place) if place and place.startswith("/") else default
    if place and place.startswith("s3://"):
        folder = _download(place)
    if folder.is_file():
        archive, folder = folder, opt_ml() / "code"
        shutil.rmtree(folder, ignore_errors=True)
        unpack(archive, folder)
    if folder.is_dir():
        localise_code(folder, root)
    script = (folder / program).resolve()
    if not script.is_relative_to(folder.resolve()) or not script.is_file():
        raise ClientError(f"The source code holds no {program}")
    return folder, script


def _download(uri: str) -> Path:
    """Download a source archive, as AWS's containers do themselves."""
    import boto3  # takes half a second, which only this kind of source code should cost

    bucket, _, key = uri.removeprefix("s3://").partition("/")
    target = opt_ml() / "sourcedir.tar.gz"
    try:
        boto3.client("s3").download_file(bucket, key, str(target))
    except Exception as error:  # botocore's exceptions have no common base but this
        raise ClientError(f"Cannot download the source code {uri}: {error}") from None
    return target


def _list_arguments(hyperparameters: dict[str, object]) -> list[str]:
    """List hyperparameters as a script's arguments: --epochs 5, or -e 5 for a single letter."""
    arguments = []
    for name, value in sorted(hyperparameters.items()):
        text = json.dumps(value) if isinstance(value, dict | list) else str(value)
        arguments += [f"-{name}" if len(name) == 1 else f"--{name}", text]
    return arguments


def _describe_job(
    hyperparameters: dict, arguments: Sequence[str], folder: Path, script: Path
) -> dict[str, str]:
    """Describe the job in the SM_* variables of AWS's training toolkit."""
    channels = [name for name in read_config("inputdataconfig") if name != "code"]
    values = {
        "SM_MODEL_DIR": "/opt/ml/model",
        "SM_INPUT_DIR": "/opt/ml/input",
        "SM_INPUT_CONFIG_DIR": "/opt/ml/input/config",
        "SM_OUTPUT_DIR": "/opt/ml/output",
        "SM_OUTPUT_DATA_DIR": "/opt/ml/output/data",
        "SM_MODULE_DIR": str(folder),
        "SM_MODULE_NAME": script.stem,
        "SM_USER_ENTRY_POINT": script.name,
        "SM_CHANNELS": sorted(channels),
        "SM_HPS": hyperparameters,
        "SM_USER_ARGS": list(arguments),
        "SM_HOSTS": read_config("resourceconfig").get("hosts", [current_host()]),
        "SM_CURRENT_HOST": current_host(),
        "SM_NUM_CPUS": os.cpu_count(),
        "SM_NUM_GPUS": 0,
        "SM_INPUT_DATA_CONFIG": read_config("inputdataconfig"),
        "SM_RESOURCE_CONFIG": read_config("resourceconfig"),
    }
    values |= {f"SM_CHANNEL_{name.upper()}": f"/opt/ml/input/data/{name}" for name in channels}
    values |= {
        f"SM_HP_{name.upper().replace('-', '_')}": value for name, value in hyperparameters.items()
    }
    return {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in values.items()
    }


VERBS = {"train": train, "serve": serve}
