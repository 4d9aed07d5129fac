"""The data mart in PostgreSQL: what models were asked, what they answered, what was true, and how well they do."""

from helpers.datamart import server
from helpers.datamart.companion.settings import Companion
from helpers.datamart.database import BusyError, ConflictError, DataMartError
from helpers.datamart.entities import (
    CustomMachineLearningAsset,
    CustomMachineLearningInstance,
    InputDataType,
    PayloadRecord,
    ProblemType,
    SageMakerMachineLearningAsset,
    SageMakerMachineLearningInstance,
    StoreReport,
)
from helpers.datamart.mart import DataMart
from helpers.datamart.subscriptions import Subscription
from helpers.monitors.fairness.groups import Feature

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
