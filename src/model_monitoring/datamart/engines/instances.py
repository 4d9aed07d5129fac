"""The engines that a user binds, under OpenScale's names."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from urllib.parse import urlsplit

from model_monitoring.datamart.engines import forms
from model_monitoring.datamart.postgres.texts import check_text

# A binding is a row in a table. Somebody who can write to that table must not be able to send
# secrets from the environment to a server of their choice.
TOKEN_VARIABLE = re.compile("ENGINE_TOKEN(_[A-Za-z0-9_]+)?")
REGION = re.compile("[a-z0-9-]{1,40}")


@dataclass(frozen=True)
class SageMakerMachineLearningInstance:
    """Amazon SageMaker in one region, called with the data mart's boto3 session.

    No key is stored.

    >>> SageMakerMachineLearningInstance(region="eu-central-1").properties()
    {'region': 'eu-central-1'}
    """

    region: str
    service_type = "amazon_sagemaker"

    def properties(self) -> dict:
        """Return what the data mart keeps of it; raise ValueError if `region` can't be a region."""
        if not isinstance(self.region, str) or not REGION.fullmatch(self.region):
            raise ValueError(
                f"region is {self.region!r:.80}: use the name of an AWS region, such as us-east-1."
            )
        return {"region": self.region}


@dataclass(frozen=True)
class CustomMachineLearningInstance:
    """Any engine that scores over HTTP.

    Rows are sent as a POST request to `url`, in the form `request`: "fields" (OpenScale's
    {"fields", "values"}), "records", "rows", "mlflow", "mlflow-inputs", "tensorflow", "kserve",
    "kserve-columns", or a JSON body of your own in which "$rows" or "$records" stands for the rows
    (see `engines.forms`). The predictions are found in the answer in any of these forms; for
    another, `answers` says where they lie, in JMESPath.

    `token_variable` is the name of the environment variable that holds its bearer token:
    ENGINE_TOKEN, or a name that begins with ENGINE_TOKEN_. The token itself is never stored.

    >>> engine = CustomMachineLearningInstance(
    ...     url="https://models.example/invocations",
    ...     token_variable="ENGINE_TOKEN_SCORING",
    ...     request="mlflow",
    ... )
    >>> engine.properties()["token_variable"]
    'ENGINE_TOKEN_SCORING'
    """

    url: str
    token_variable: str | None = None
    request: str | Mapping | Sequence = "fields"
    answers: str | None = None
    service_type = "custom_machine_learning"

    def properties(self) -> dict:
        """Return what the data mart keeps of it; see `check_engine` for what is raised."""
        check_engine(self.url, self.token_variable)
        forms.check(self.request, self.answers)
        return asdict(self)


@dataclass(frozen=True)
class BatchMachineLearningInstance:
    """A model whose predictions come as files: nobody can ask it.

    >>> BatchMachineLearningInstance().properties()
    {}
    """

    service_type = "batch"

    def properties(self) -> dict:
        """Return what the data mart keeps of it."""
        return {}


def check_engine(url: str, token_variable: str | None) -> None:
    """Raise ValueError if the URL isn't HTTP, or the variable isn't meant for engine tokens."""
    check_text(url, "url")
    parts = urlsplit(url)
    if (
        parts.scheme not in ("http", "https")
        or not parts.hostname
        or parts.username
        or parts.password
    ):
        raise ValueError("The engine's url must be http(s)://host/path, without user or password.")
    if token_variable is not None and not (
        isinstance(token_variable, str) and TOKEN_VARIABLE.fullmatch(token_variable)
    ):
        raise ValueError(
            f"token_variable is {token_variable!r:.80}: an engine's token may only come from"
            " ENGINE_TOKEN or a variable whose name begins with ENGINE_TOKEN_. Put the token into"
            " such a variable and give its name here. For an existing binding, call"
            " bindings.set_token_variable(uid, name)."
        )
