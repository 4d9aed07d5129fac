"""An error that comes from a lesson left out names the notebook to run first, and no other does."""

import boto3
import pytest

from helpers import order


@pytest.fixture
def deployed(monkeypatch):
    """The endpoints that SageMaker lists; a test may change them."""
    found = [{"EndpointName": "breast-cancer-xgboost"}]

    class Client:
        def list_endpoints(self, NameContains):
            return {"Endpoints": found}

    monkeypatch.setattr(boto3, "client", lambda name: Client())
    return found


@pytest.mark.parametrize(
    ("said", "number"),
    [
        (
            'No S3 objects found under S3 URL "s3://b/sagemaker-monitoring/breast-cancer/train/"',
            "01",
        ),
        ("Schema 'data_mart' holds no data mart, or one of an older version: call setup().", "03"),
        ("There is no subscription 'breast-cancer-xgboost'. Existing ones: none yet.", "04"),
        ("Subscription 'breast-cancer-linear-learner' has no payload yet: call store", "05"),
        ("quality monitoring of 'breast-cancer-xgboost' is off: call enable() first.", "06"),
        ("drift monitoring of 'breast-cancer-xgboost' is off: call enable() first.", "07"),
        ("There is no subscription 'german-credit'. Existing ones: none yet.", "08"),
    ],
)
def test_the_notebook_to_run_first_is_named(deployed, said, number):
    sentence = order.run_first(ValueError(said))
    assert sentence.startswith(f"Notebook {number} makes ") and sentence.endswith("run it first.")
    deployed.clear()
    assert order.run_first(ValueError(said))[9:11] == ("01" if number == "01" else "02")


@pytest.mark.parametrize(
    "said", ["division by zero", "There is no subscription 'mine'. Existing ones: none yet."]
)
def test_a_readers_own_mistake_is_left_alone(deployed, said):
    assert order.run_first(ValueError(said)) is None
