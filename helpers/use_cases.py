"""What a data set means: its columns, label, favourable outcome, and how its models are trained."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

DATA = Path(__file__).parent.parent / "data"


class DataFileError(ValueError):
    """A data file is missing or isn't the one that the notebooks were written for."""


@dataclass(frozen=True)
class UseCase:
    """A data set and what its models predict.

    `name` is lower case with hyphens, like names in SageMaker. `label_values` maps each label to
    the number that models learn: 1 for the positive class. `recipes` maps a SageMaker algorithm to
    the hyperparameters of its training job. If decisions can be unfair to people, `protected` maps
    each protected attribute to its (majority, minority) groups, which are lists of categories or of
    [low, high] ranges, and `changeable` names the features that a person can change.
    """

    name: str
    file: str
    sha256: str
    label: str
    label_values: Mapping[str, int]
    features: tuple[str, ...]
    recipes: Mapping[str, Mapping[str, str]]
    protected: Mapping[str, tuple[list, list]] = field(default_factory=dict)
    changeable: tuple[str, ...] = ()

    def load(self, folder: Path = DATA) -> pd.DataFrame:
        """Read the label (strings) and the features, one row per case.

        Raises DataFileError if the file is missing or its sha256 isn't the known one.
        """
        path, restore = folder / self.file, f"with: git checkout -- data/{self.file}"
        if not path.exists():
            raise DataFileError(f"data/{self.file} is missing. Get it back {restore}")
        found = hashlib.sha256(path.read_bytes()).hexdigest()
        if found != self.sha256:
            raise DataFileError(
                f"data/{self.file} was changed: its sha256 begins with {found[:12]}, "
                f"data/README.md gives {self.sha256[:12]}. Get the original back {restore}"
            )
        return pd.read_csv(path)[[self.label, *self.features]]


# Lists of words read better with several words on a line.
# fmt: off
_MEASURED = (
    "radius", "texture", "perimeter", "area", "smoothness",
    "compactness", "concavity", "concave points", "symmetry", "fractal_dimension",
)
# personal_status reveals sex exactly, so it's left out: a model should see sex only in the feature
# of that name.
_APPLICATION = (
    "status", "month", "credit_history", "purpose", "credit_amount",
    "savings", "employment", "investment_as_income_percentage", "sex", "other_debtors",
    "residence_since", "property", "age", "installment_plans", "housing",
    "number_of_credits", "skill_level", "people_liable_for", "telephone", "foreign_worker",
)
_CHANGEABLE = (
    "status", "month", "credit_amount", "savings", "employment", "other_debtors",
    "installment_plans",
)

BREAST_CANCER = UseCase(
    name="breast-cancer",
    file="breast_cancer.csv",
    sha256="f6c65a8089f4dffb414973265861e4040ce6088473cba0b4552357f928995459",
    label="diagnosis",
    label_values={"B": 0, "M": 1},
    features=tuple(f"{what}_{of}" for of in ("mean", "se", "worst") for what in _MEASURED),
    recipes={
        "linear-learner": {
            "feature_dim": "30", "mini_batch_size": "100", "predictor_type": "binary_classifier",
            "epochs": "10", "num_models": "32", "loss": "auto",
        },
        "xgboost": {
            "objective": "binary:logistic", "num_round": "100", "max_depth": "5", "eta": "0.2",
            "gamma": "4", "min_child_weight": "6", "subsample": "0.8",
        },
    },
)

GERMAN_CREDIT = UseCase(
    name="german-credit",
    file="german_credit.csv",
    sha256="7f064b0aa06dfaf9ca10eeee5178d07cc147134ab02b46df9d800122cf552484",
    label="credit",
    label_values={"bad": 0, "good": 1},
    features=_APPLICATION,
    recipes={"xgboost": {"num_round": "60", "max_depth": "3", "eta": "0.1"}},
    protected={"sex": (["male"], ["female"]), "age": ([[26, 75]], [[18, 25]])},
    changeable=_CHANGEABLE,
)
