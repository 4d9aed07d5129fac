"""Take the picture of the console's first page, doc/source/images/console.png, with Chromium.

`python doc/tools/console_picture.py` fills a data mart with thirty simulated days of two models, of
which one gets patients measured in another unit on the last four days.
"""

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import psycopg2
from playwright.sync_api import sync_playwright
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from model_monitoring import console, datamart

ROOT = Path(__file__).parents[2]
FILE = ROOT / "doc/source/images/console.png"
SCHEMA, DAYS, PATIENTS, BAD_DAYS = "data_mart", 30, 100, 4
MODELS = {
    "linear": make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)),
    "boosted trees": HistGradientBoostingClassifier(random_state=0),
}


@contextlib.contextmanager
def database() -> Iterator[str]:
    """Run a PostgreSQL of its own."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        yield datamart.server.start(Path(folder) / "postgresql")
        datamart.server.stop(Path(folder) / "postgresql")


def watch(mart: datamart.DataMart, name: str, data: pd.DataFrame) -> pd.DataFrame:
    """Subscribe a model and switch its monitors on; return the patients with its answers."""
    features = data.columns.drop("diagnosis")
    truth = (data["diagnosis"] == "M").astype(int)
    score = cross_val_predict(MODELS[name], data[features], truth, method="predict_proba")[:, 1]
    scored = data[features].assign(score=score, predicted=(score > 0.5).astype(int))
    engine = datamart.SageMakerMachineLearningInstance(region="us-east-1")
    subscription = mart.subscriptions.add(
        datamart.SageMakerMachineLearningAsset(
            source_uid=f"breast-cancer-{name.replace(' ', '-')}",
            binding_uid=mart.bindings.add("Amazon SageMaker", engine),
            name=f"breast cancer, {name}",
            problem_type=datamart.ProblemType.BINARY_CLASSIFICATION,
            label_column="diagnosis",
            prediction_column="predicted",
            probability_column="score",
            feature_columns=list(features),
            positive_label=1,
        )
    )
    subscription.payload_logging.store(scored.head(1).assign(response_time=30))
    subscription.quality_monitoring.enable(threshold=0.95, max_records=3 * PATIENTS)
    subscription.performance_monitoring.enable(apt_threshold=100)
    labelled = scored[["score", "predicted"]].assign(diagnosis=truth)
    subscription.drift_monitoring.enable(data[features], scored=labelled)
    return scored.assign(diagnosis=truth)


def live(mart: datamart.DataMart, patients: dict[str, pd.DataFrame], url: str) -> None:
    """Log a month of days and run the monitors after each."""
    rng = np.random.default_rng(0)
    for day in range(DAYS):
        for subscription in map(mart.subscriptions.get, mart.subscriptions.get_uids()):
            rows = patients[subscription.name].sample(PATIENTS, random_state=day)
            labels = rows.pop("diagnosis").tolist()
            if day >= DAYS - BAD_DAYS and "linear" in subscription.name:
                rows["radius_mean"] /= 10
            ids = [f"{day}-{number}" for number in range(PATIENTS)]
            times = rng.gamma(20, 1.5, PATIENTS)
            subscription.payload_logging.store(rows.assign(scoring_id=ids, response_time=times))
            feedback = {"scoring_id": [f"{one}-1" for one in ids], "diagnosis": labels}
            subscription.feedback_logging.store(pd.DataFrame(feedback))
        mart.run_monitors()
        if day < DAYS - 1:
            pass_a_day(url)


def pass_a_day(url: str) -> None:
    """Let all that has happened be a day older."""
    with contextlib.closing(psycopg2.connect(url)) as connection, connection:
        cursor = connection.cursor()
        cursor.execute(f"UPDATE {SCHEMA}.run SET started = started - interval '1 day'")
        cursor.execute(f"UPDATE {SCHEMA}.monitor SET enabled_at = enabled_at - interval '1 day'")
        cursor.execute(f"UPDATE {SCHEMA}.measurement SET ts = ts - interval '1 day'")
        cursor.execute(f"UPDATE {SCHEMA}.alert SET opened_at = opened_at - interval '1 day'")


def take(url: str) -> None:
    """Take the picture."""
    running = console.start(url, SCHEMA)
    with sync_playwright() as browsers:
        browser = browsers.chromium.launch(executable_path=shutil.which("chromium"))
        page = browser.new_page(viewport={"width": 1280, "height": 680})
        page.goto(f"{running.url}/sign-in")
        page.fill("input[name=token]", running.token)
        page.click("button")
        page.wait_for_load_state()
        page.screenshot(path=FILE, full_page=True)
        browser.close()
    running.stop()


if __name__ == "__main__":
    data = pd.read_csv(ROOT / "data/breast_cancer.csv")
    with database() as url:
        mart = datamart.DataMart(url, schema=SCHEMA)
        mart.setup()
        live(mart, {f"breast cancer, {name}": watch(mart, name, data) for name in MODELS}, url)
        take(url)
