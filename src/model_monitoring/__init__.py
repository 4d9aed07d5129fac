"""Monitor machine-learning models: a data mart, monitors, reviews by people, a console.

>>> from model_monitoring import DataMart, PayloadRecord

These names stay; everything else in the modules below may change. Each name is imported when it is
first used: `model_monitoring.analysis` works without a database driver, boto3 or Flask.
"""

from importlib import import_module

_ROOMS = ("analysis", "console", "datamart", "review")

__all__ = [
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
    "analysis",
    "console",
    "datamart",
    "review",
    "watching",
]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name in _ROOMS:
        return import_module(f"{__name__}.{name}")
    if name == "watching":
        return import_module(f"{__name__}.datamart.watching")
    return getattr(import_module(f"{__name__}.datamart"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
