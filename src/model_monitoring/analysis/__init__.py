"""Analysis of a model's data and predictions: from arrays and frames to results and files.

The files are those of Model Monitor. This module has what most programs need. Each name is imported
when it is first used, so a program doesn't wait for what it doesn't use:

>>> import pandas as pd
>>> from model_monitoring.analysis import compare, profile
>>> training = pd.DataFrame({"age": [*range(18, 68)] * 4})
>>> profile(training).statistics()["features"][0]["numerical_statistics"]["mean"]
42.5
>>> compare(training, training + 20)["drifted"].tolist()
[True]
"""

from importlib import import_module

_MODULES = {
    "accuracy_estimate": ".quality.accuracy_estimate",
    "attribution": ".explain.attribution",
    "constraints": ".data_quality.constraints",
    "label_shift": ".quality.label_shift",
}
_NAMES = {
    "METRICS": ".fairness.metrics",
    "Feature": ".fairness.groups",
    "blind": ".fairness.companion.finding",
    "compare": ".data_quality.comparison",
    "contrast": ".explain.contrast",
    "per_group": ".fairness.companion.finding",
    "perturb": ".fairness.perturbation",
    "profile": ".data_quality.statistics",
    "run_baseline": ".files.jobs",
    "run_check": ".files.jobs",
    "run_model_quality": ".quality.jobs",
}

__all__ = [
    "METRICS",
    "Feature",
    "accuracy_estimate",
    "attribution",
    "blind",
    "compare",
    "constraints",
    "contrast",
    "label_shift",
    "per_group",
    "perturb",
    "profile",
    "run_baseline",
    "run_check",
    "run_model_quality",
]


def __getattr__(name: str) -> object:
    if name in _MODULES:
        return import_module(_MODULES[name], __name__)
    if name in _NAMES:
        return getattr(import_module(_NAMES[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
