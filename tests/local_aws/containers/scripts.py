"""A user's own scripts, laid out as in SageMaker's jobs and models."""

import tarfile

TRAIN = """
import argparse, json, os
import joblib, numpy as np
from sklearn.linear_model import LogisticRegression
parser = argparse.ArgumentParser()
parser.add_argument("--strength", type=float)
parser.add_argument("--note")
parser.add_argument("--model-dir", default=os.environ["SM_MODEL_DIR"])
parser.add_argument("--train", default=os.environ["SM_CHANNEL_TRAIN"])
arguments = parser.parse_args()
rows = np.loadtxt(os.path.join(arguments.train, "data.csv"), delimiter=",")
model = LogisticRegression(C=arguments.strength, max_iter=5000).fit(rows[:, 1:], rows[:, 0])
joblib.dump(model, os.path.join(arguments.model_dir, "model.joblib"))
print(json.dumps({"note": arguments.note, "environment": dict(os.environ)}))
"""
INFERENCE = """
import os
import joblib

def model_fn(model_dir):
    return joblib.load(os.path.join(model_dir, "model.joblib"))
"""
ROWS = "1,2,3\n0,4,5\n1,1,3\n0,5,5\n"
SCRIPT = {"sagemaker_program": '"train.py"', "strength": "0.5", "note": '"two words"'}


def write_source(folder, **files: str):
    """Write an archive of source files; in their names `_dot_` means `.`."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "sourcedir.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name, text in files.items():
            file = folder / name.replace("_dot_", ".")
            file.write_text(text)
            archive.add(file, file.name)
            file.unlink()
    return path


def prepare_training(job, script=TRAIN, **hyperparameters):
    place = {"sagemaker_submit_directory": '"/opt/ml/input/data/code/sourcedir.tar.gz"'}
    job.prepare(SCRIPT | place | hyperparameters, train=ROWS, code={})
    write_source(job.opt_ml / "input" / "data" / "code", train_dot_py=script)
    return job


def prepare_model(job, **files: str):
    job.prepare({})
    code = job.opt_ml / "model" / "code"
    code.mkdir()
    for name, text in files.items():
        (code / name.replace("_dot_", ".")).write_text(text)
    return job
