"""A credit model that all tests of this folder use."""

from types import SimpleNamespace

import pandas as pd
import pytest
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from model_monitoring.analysis.fairness.groups import Feature


@pytest.fixture(scope="session")
def credit(repository):
    """Training and held-out rows of the credit data, and a logistic regression over them."""
    data = pd.read_csv(repository / "data" / "german_credit.csv")
    train, test = train_test_split(data, test_size=0.4, random_state=0)
    features = [name for name in data if name not in ("credit", "personal_status")]
    encoder = make_column_transformer(
        (
            OneHotEncoder(handle_unknown="ignore", sparse_output=False),
            make_column_selector(dtype_exclude="number"),
        ),
        remainder=StandardScaler(),
    )
    model = make_pipeline(encoder, LogisticRegression(max_iter=1000)).fit(
        train[features], train["credit"] == "good"
    )

    def score(rows):
        return model.predict_proba(rows[features])[:, 1]

    def predict(rows):
        return ["good" if probability >= 0.5 else "bad" for probability in score(rows)]

    return SimpleNamespace(
        train=train[features], train_labels=train["credit"], rows=test[features], labels=test["credit"],
        predictions=predict(test), score=score, predict=predict, model=model, features=features,
        protected=[Feature("sex", ["male"], ["female"], 0.9), Feature("age", [[26, 75]], [[18, 25]], 0.95)],
    )  # fmt: skip
