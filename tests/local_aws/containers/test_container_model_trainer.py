"""What SDK v3's ModelTrainer sends for its source code trains."""

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY
from tests.local_aws.containers.scripts import (
    ROWS,
    TRAIN,
)


def prepare_model_trainer(job, entry: str, **files: str) -> dict[str, str]:
    """Lay out what SDK v3's ModelTrainer uploads for a SourceCode; return the environment."""
    constants = pytest.importorskip("sagemaker.train.constants")
    templates = pytest.importorskip("sagemaker.train.templates")
    job.prepare(
        {"strength": "0.5", "note": "two words"},
        train=ROWS,
        code={n.replace("_dot_", "."): t for n, t in files.items()},
    )
    config = {
        "current_host": "algo-1",
        "hosts": ["algo-1"],
        "current_instance_type": "x",
        "network_interface_name": "lo",
    }
    (job.opt_ml / "input" / "config" / "resourceconfig.json").write_text(json.dumps(config))
    drivers = job.opt_ml / "input" / "data" / "sm_drivers"
    shutil.copytree(constants.SM_DRIVERS_LOCAL_PATH, drivers)
    (drivers / "sourcecode.json").write_text(json.dumps({"entry_script": entry}))
    script = templates.TRAIN_SCRIPT_TEMPLATE.format(
        working_dir=f"cd {constants.SM_CODE_CONTAINER_PATH}",
        install_requirements="",
        execute_driver=templates.EXECUTE_BASIC_SCRIPT_DRIVER,
    )
    (drivers / constants.TRAIN_SCRIPT).write_text(script)
    command = [*constants.DEFAULT_CONTAINER_ENTRYPOINT, *constants.DEFAULT_CONTAINER_ARGUMENTS]
    return {"CONTAINER_COMMAND": json.dumps(command), "TRAINING_JOB_NAME": "job"}


@pytest.mark.parametrize("module", ["script_mode", "xgboost"])
def test_what_model_trainer_sends_for_its_source_code_trains(job, module):
    environment = prepare_model_trainer(job, "train.py", train_dot_py=TRAIN)
    assert job.train(module, **environment) == 0, job.log
    assert (job.opt_ml / "model" / "model.joblib").exists()
    assert f"SM_CHANNEL_TRAIN={job.opt_ml}/input/data/train" in job.log


def test_it_trains_if_the_folders_of_job_and_python_need_quoting(job, tmp_path):
    odd = tmp_path / "Über stand"
    inside = type(job)(odd / "job")
    environment = prepare_model_trainer(inside, "train.py", train_dot_py=TRAIN)
    (odd / "venv").symlink_to(sys.prefix)
    code = (
        "import json, sys\nfrom pathlib import Path\n"
        "from local_aws.containers.launcher import launch\n"
        "environment, log = json.loads(sys.argv[1]), Path(sys.argv[2])\n"
        "sys.exit(launch('user_script.training', 'train', environment, log).wait(60))"
    )
    arguments = [json.dumps(environment | {"OPT_ML": str(inside.opt_ml)}), str(inside.root / "log")]
    with tempfile.TemporaryDirectory() as short:  # it holds a socket, whose path must be short
        done = subprocess.run(
            [odd / "venv" / "bin" / "python", "-c", code, *arguments],
            cwd=REPOSITORY,
            env={"PATH": "/usr/bin:/bin", "TMPDIR": short},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr + inside.log
        assert not list(Path(short).glob("opt-ml-*"))
    assert (inside.opt_ml / "model" / "model.joblib").exists()


def test_a_failing_model_trainer_script_leaves_its_traceback_as_the_reason(job):
    environment = prepare_model_trainer(
        job, "train.py", train_dot_py="raise RuntimeError('no luck')"
    )
    assert job.train("script_mode", **environment) == 1
    assert job.failure.startswith("AlgorithmError: ")
    assert "RuntimeError: no luck" in job.log
