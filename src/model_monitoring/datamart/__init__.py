"""The data mart in PostgreSQL: what models were asked, what they answered, what was true, and how
well they do.

`url` is that of a PostgreSQL database; `datamart.server.start(folder)` gives one of your own:

>>> from model_monitoring import datamart
>>> mart = datamart.DataMart(url, schema="another_example")
>>> mart.setup()["subscriptions"]
0
"""

from importlib import import_module

from model_monitoring.analysis.fairness.groups import Feature
from model_monitoring.datamart.companion.settings import Companion
from model_monitoring.datamart.entities import (
    CustomMachineLearningAsset,
    CustomMachineLearningInstance,
    InputDataType,
    PayloadRecord,
    ProblemType,
    SageMakerMachineLearningAsset,
    SageMakerMachineLearningInstance,
    StoreReport,
)
from model_monitoring.datamart.mart import DataMart
from model_monitoring.datamart.postgres.errors import BusyError, ConflictError, DataMartError
from model_monitoring.datamart.subscriptions import Subscription

__all__ = [
    "BusyError",
    "Companion",
    "ConflictError",
    "CustomMachineLearningAsset",
    "CustomMachineLearningInstance",
    "DataMart",
    "DataMartError",
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
    """Fetch the embedded server when it is asked for: it needs an extra, and no other
    PostgreSQL does.
    """
    if name != "server":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        return import_module("model_monitoring.datamart.postgres.server")
    except ModuleNotFoundError as error:
        raise ImportError(
            f"The embedded PostgreSQL needs {error.name}: install model-monitoring[embedded]."
        ) from error
