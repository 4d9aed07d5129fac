"""Name the notebook to run first if an error comes from a lesson that was left out."""

import re

import boto3

_MODEL = r"'breast-cancer-(linear-learner|xgboost)'"
# What notebooks leave, and what an error says where that is missing
_LEFT = {
    "01": ("the training data", r"No S3 objects found .*/breast-cancer/train/"),
    "03": ("the data mart", r"Schema '.*' holds no data mart"),
    "04": ("the subscriptions", rf"There is no subscription {_MODEL}"),
    "05": ("the logged requests", rf"Subscription {_MODEL} has no payload yet"),
    "06": ("the labels", rf"quality monitoring of {_MODEL} is off"),
    "07": ("the baseline", rf"drift monitoring of {_MODEL} is off"),
    "08": ("the credit model", r"There is no subscription 'german-credit'"),
}


def run_first(error: BaseException) -> str | None:
    """Return a sentence that names the notebook to run first, or None for any other error."""
    for number, (left, sign) in _LEFT.items():
        if re.search(sign, str(error)):
            deployed = boto3.client("sagemaker").list_endpoints(NameContains="breast-cancer")
            if number > "01" and not deployed["Endpoints"]:
                number, left = "02", "the deployed models"
            return f"Notebook {number} makes {left} that this cell needs: run it first."
    return None
