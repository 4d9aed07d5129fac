"""The data mart in PostgreSQL: what models were asked, what they answered, what was true, and how
well they do.
"""

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
from model_monitoring.datamart.postgres import server
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
