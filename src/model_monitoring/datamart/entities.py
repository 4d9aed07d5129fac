"""What a user gives the data mart: assets and records, under OpenScale's names."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

import numpy as np

from model_monitoring.analysis.fairness.members import check_listed
from model_monitoring.datamart import contract
from model_monitoring.datamart.postgres.naming import column_names
from model_monitoring.datamart.postgres.texts import check_texts


class _Choice(StrEnum):
    """Text of a few kinds, which another text is refused with."""

    @classmethod
    def _missing_(cls, value: object) -> None:
        said = f"{value!r:.80} is not a valid {cls.__name__}"
        raise ValueError(f"{said}: use {', '.join(cls)}.")


class ProblemType(_Choice):
    """What a model predicts.

    >>> ProblemType("binary") is ProblemType.BINARY_CLASSIFICATION
    True
    """

    BINARY_CLASSIFICATION = "binary"
    MULTICLASS_CLASSIFICATION = "multiclass"
    REGRESSION = "regression"


class InputDataType(_Choice):
    """The kind of input that a model takes. The data mart holds tables only.

    >>> str(InputDataType.STRUCTURED)
    'structured'
    """

    STRUCTURED = "structured"


@dataclass(frozen=True)
class SageMakerMachineLearningAsset:
    """A deployed model and the meaning of its columns.

    `source_uid` is the endpoint's name. `feature_columns` are the fields of the request,
    `prediction_column` and `probability_column` fields of the response. `label_column` is the true
    value, known later. `label_values` are the possible labels, in the order of the classes'
    probabilities: a list, or a mapping of the label's name to what the model predicts
    ({"B": 0, "M": 1}). For a binary model, `positive_label` is the predicted value that counts as
    positive. `feature_types` maps features to their types: "number", "whole number", "category",
    "boolean", "text" or "list of numbers". By default, the features in `categorical_columns` are
    categories and all others are numbers. `variant` is the endpoint's variant whose captured
    traffic is stored; by default all production variants are.

    >>> asset = SageMakerMachineLearningAsset(
    ...     source_uid="breast-cancer-xgboost",
    ...     binding_uid="amazon-sagemaker",
    ...     problem_type=ProblemType.BINARY_CLASSIFICATION,
    ...     feature_columns=["radius", "texture"],
    ...     prediction_column="predicted_label",
    ...     probability_column="score",
    ...     label_column="diagnosis",
    ...     label_values={"B": 0, "M": 1},
    ...     positive_label=1,
    ... )
    >>> asset.properties()["label_values"]
    [['B', 0], ['M', 1]]
    """

    source_uid: str
    binding_uid: str
    problem_type: ProblemType
    label_column: str
    prediction_column: str
    feature_columns: Sequence[str]
    input_data_type: InputDataType = InputDataType.STRUCTURED
    probability_column: str | None = None
    categorical_columns: Sequence[str] = ()
    name: str | None = None
    positive_label: object = None
    label_values: Sequence | Mapping | None = None
    feature_types: Mapping[str, str] = field(default_factory=dict)
    variant: str | None = None

    def properties(self) -> dict:
        """Return what the data mart keeps of it, as JSON.

        Raises:
            ValueError: the columns don't fit together.
        """
        properties = asdict(self)
        for identity in ("source_uid", "binding_uid", "name"):
            del properties[identity]
        check_texts(properties, type(self).__name__)
        properties["problem_type"] = str(ProblemType(self.problem_type))
        properties["input_data_type"] = str(InputDataType(self.input_data_type))
        for plural in ("feature_columns", "categorical_columns"):
            check_listed(getattr(self, plural), plural)
            properties[plural] = list(getattr(self, plural) or ())
        properties["feature_types"] = dict(self.feature_types)
        properties["positive_label"] = _plain(self.positive_label)
        if isinstance(self.label_values, Mapping):
            # Pairs, because the keys of a JSON object are always strings
            properties["label_values"] = [
                [_plain(label), _plain(value)] for label, value in self.label_values.items()
            ]
        elif self.label_values is not None:
            properties["label_values"] = [[_plain(value)] * 2 for value in self.label_values]
        features = properties["feature_columns"]
        outputs = [column for column in (self.prediction_column, self.probability_column) if column]
        column_names([*features, *outputs, self.label_column])
        if not features:
            raise ValueError("feature_columns is empty: list the fields of the model's request.")
        if repeated := sorted({name for name in features if features.count(name) > 1}):
            raise ValueError(f"feature_columns lists {', '.join(repeated)} more than once.")
        if unknown := sorted(set(properties["categorical_columns"]) - set(features)):
            raise ValueError(
                f"categorical_columns contains {', '.join(unknown)}, which isn't in"
                " feature_columns."
            )
        for column in (self.label_column, *outputs):
            if column in features:
                raise ValueError(
                    f"{column!r} can't be both a feature and the label, prediction or probability."
                )
        contract.check(properties)
        return contract.with_classes(properties)


def _plain(value: object) -> object:
    return value.item() if isinstance(value, np.generic) else value


class CustomMachineLearningAsset(SageMakerMachineLearningAsset):
    """A model on another engine; `source_uid` is the name its deployment has there.

    >>> asset = CustomMachineLearningAsset(
    ...     source_uid="prices",
    ...     binding_uid="our-engine",
    ...     problem_type=ProblemType.REGRESSION,
    ...     feature_columns=["area", "rooms"],
    ...     prediction_column="price",
    ...     label_column="paid",
    ... )
    >>> asset.properties()["problem_type"]
    'regression'
    """


@dataclass(frozen=True)
class PayloadRecord:
    """One scoring request with its response.

    Both are `{"fields": [...], "values": [[...], ...]}`, with one row per scored case. Rows are
    stored as `<scoring_id>-1`, `-2` and so on; without a scoring id, under a new one.
    `scoring_timestamp` is a datetime or an ISO string (UTC if it has no time zone), by default the
    present time. `response_time` is in milliseconds. `asset_revision` is the version of the model
    that was called, by default the one that SageMaker serves now.

    >>> record = PayloadRecord(
    ...     request={"fields": ["radius", "texture"], "values": [[17.9, 10.4]]},
    ...     response={"fields": ["score", "predicted_label"], "values": [[0.98, 1]]},
    ...     scoring_id="patient-7",
    ... )
    >>> record.response["values"]
    [[0.98, 1]]
    """

    request: Mapping = field(repr=False)
    response: Mapping = field(repr=False)
    scoring_id: str | None = None
    scoring_timestamp: datetime | str | None = None
    response_time: int | None = None
    asset_revision: str | None = None


class StoreReport(NamedTuple):
    """What a call to `store` did: records stored, records that were already there, rows stored.

    `changes` lists the changes that it made to the tables (see `PayloadLogging.enable`).
    """

    stored: int
    skipped: int
    rows: int
    changes: tuple[str, ...] = ()
