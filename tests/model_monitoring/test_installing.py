"""The library can be installed alone: in an empty environment, it works without the tutorial."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
UV = Path(sys.executable).with_name("uv")
PLAIN = """
from importlib.util import find_spec
assert not [name for name in ("helpers", "local_aws", "moto", "flask") if find_spec(name)]
import pandas as pd
from model_monitoring.analysis import profile
print(profile(pd.DataFrame({"size": [1.0, 2.0, 3.0]})).statistics()["dataset"]["item_count"])
try:
    from model_monitoring.console import start
except ImportError as error:
    print(error)
"""
WHOLE = """
import sys
from pathlib import Path
from model_monitoring import DataMart, CustomMachineLearningAsset, CustomMachineLearningInstance
from model_monitoring import PayloadRecord, datamart
place = Path(sys.argv[1]) / "postgresql"
try:
    mart = DataMart(datamart.server.start(place), schema="alone")
    mart.setup()
    engine = mart.bindings.add("engine", CustomMachineLearningInstance(url="http://127.0.0.1:9"))
    model = mart.subscriptions.add(CustomMachineLearningAsset(
        source_uid="m", binding_uid=engine, name="m", problem_type="binary", label_column="label",
        prediction_column="prediction", feature_columns=["size"], positive_label=1))
    records = [
        PayloadRecord({"fields": ["size"], "values": [[float(n)]]},
                      {"fields": ["prediction"], "values": [[n % 2]]}, scoring_id=f"id-{n}")
        for n in range(20)
    ]
    model.payload_logging.store(records)
    labels = [[f"id-{n}-1", n % 2] for n in range(20)]
    model.feedback_logging.store(labels, fields=["scoring_id", "label"])
    model.quality_monitoring.enable(min_records=1)
    print(model.quality_monitoring.run()["state"])
finally:
    datamart.server.stop(place)
"""


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    """A Python with nothing but the library; `install` adds extras, with the lock's versions."""
    folder = tmp_path_factory.mktemp("alone")
    pins = [line for line in (ROOT / "requirements.txt").read_text().splitlines() if "==" in line]
    (folder / "pins.txt").write_text("\n".join(pins))
    # A copy: a build leaves its folder where it works, and takes in what an older one left
    built = shutil.ignore_patterns("build", "*.egg-info", "__pycache__")
    source = shutil.copytree(ROOT / "src", folder / "src", ignore=built)
    subprocess.run([UV, "venv", "--quiet", "--python", sys.executable, folder / "venv"], check=True)
    python = folder / "venv" / "bin" / "python"

    def install(extras=""):
        command = [UV, "pip", "install", "--quiet", "--python", python, "-c", folder / "pins.txt"]
        done = subprocess.run([*command, f"{source}{extras}"], capture_output=True, text=True)
        if done.returncode and ("error sending request" in done.stderr or "dns" in done.stderr):
            pytest.skip("no package index can be reached")
        assert done.returncode == 0, done.stderr

    def run(program, *arguments):
        kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        command = [python, "-c", program, *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, env=kept, cwd=folder)
        assert done.returncode == 0, done.stderr
        return done.stdout

    install()
    return install, run


@pytest.mark.slow
def test_without_extras_the_analysis_works_and_missing_extras_are_named(empty):
    _, run = empty
    said = run(PLAIN)
    assert said.startswith("3\n") and "install model-monitoring[console]" in said


@pytest.mark.slow
def test_with_all_extras_it_logs_and_measures_a_model(empty, tmp_path):
    install, run = empty
    install("[all]")
    assert run(WHOLE, tmp_path).strip() == "finished"
