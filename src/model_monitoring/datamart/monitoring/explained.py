"""The one number of a model's output that is explained."""

import numpy as np
import pandas as pd

from model_monitoring.analysis.explain import attribution
from model_monitoring.datamart import asking, contract
from model_monitoring.datamart.entities import ProblemType
from model_monitoring.datamart.watched import WatchedModel

MANY = 100  # coalitions tried per explanation if many rows are explained


class Number:
    """A probability, a regression's prediction, or whether the positive label was predicted."""

    def __init__(self, subscription: WatchedModel):
        self._subscription = subscription
        self._asset = subscription.asset
        self.regression: bool = self._asset["problem_type"] == ProblemType.REGRESSION
        self._probability = bool(self._asset["probability_column"]) and not self.regression

    @property
    def link(self) -> str:
        """The scale on which attributions add up."""
        return "logit" if self._probability else "identity"

    def ask(self, rows: pd.DataFrame) -> np.ndarray:
        """Have the endpoint score rows, and return the number of each."""
        output = self._asset["probability_column" if self._probability else "prediction_column"]
        answers = asking.ask(self._subscription, rows, output)[output]
        if self._probability or self.regression:
            return answers.to_numpy(float)
        return (answers == contract.positive_class(self._asset)).to_numpy(float)

    def many(self, rows: pd.DataFrame, few: pd.DataFrame) -> attribution.Attribution:
        """Attribute the numbers of many rows to their features, with fewer coalitions for each."""
        samples = max(MANY, 2 * rows.shape[1])
        return attribution.attribute(
            self.ask, rows, few, samples=samples, link=self.link, progress=True
        )
