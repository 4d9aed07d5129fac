"""The data mart in PostgreSQL: what models were asked, what they answered, what was true, and how well they do."""

from helpers.datamart import server
from helpers.datamart.database import ConflictError, DataMartError
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

__all__ = [
    "ConflictError",
    "CustomMachineLearningAsset",
    "CustomMachineLearningInstance",
    "DataMart",
    "DataMartError",
    "InputDataType",
    "PayloadRecord",
    "ProblemType",
    "SageMakerMachineLearningAsset",
    "SageMakerMachineLearningInstance",
    "StoreReport",
    "Subscription",
    "server",
]
