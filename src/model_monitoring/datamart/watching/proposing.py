"""A contract proposed from training data."""

from pathlib import Path

import pandas as pd

from model_monitoring.analysis.wording import counted
from model_monitoring.datamart.contract import KINDS
from model_monitoring.datamart.postgres.wording import shown
from model_monitoring.datamart.watching.contracts import Contract

MOST_CLASSES = 50  # whole numbers with more values are amounts
FEW_VALUES = 30  # text with more values is text, not categories


def propose(training: pd.DataFrame, label: str, name: str, **about: object) -> Contract:
    """Propose a contract: the features and their types, the problem, the classes.

    Text with few values is a category. Protected attributes are never guessed: name them in the
    contract. `about` sets other fields of the contract.

    Raises:
        ValueError: there is no such label, it has gaps or one value, or a column is no feature.

    >>> import pandas as pd
    >>> rows = pd.DataFrame({"area": [50.0, 80.0], "town": ["A", "B"], "price": [1.5, 2.5]})
    >>> propose(rows, "price", "prices").features
    {'area': 'number', 'town': 'category'}
    """
    if label not in training:
        raise ValueError(
            f"The training data has no column {label!r}; it has {', '.join(map(str, training))}."
        )
    if training[label].isna().any():
        lacking = counted(training[label].isna().sum(), "row")
        raise ValueError(f"The label {label!r} is missing in {lacking}: leave these rows out.")
    features = {str(one): _kind(training[one]) for one in training.columns if one != label}
    problem, classes = _problem(training[label])
    positive = classes[-1] if problem == "binary" else None
    settled = {"classes": classes, "positive_class": positive} | about
    contract = Contract(name, problem, label, features, **settled)
    contract.properties()
    return contract


def name_of(path: str | Path) -> str:
    """Name a model by its training data's file."""
    return Path(path).name.split(".")[0] or "model"


def _kind(values: pd.Series) -> str:
    present = values.dropna()
    if present.empty:
        raise ValueError(f"Column {values.name!r} is empty: leave it out of the training data.")
    if pd.api.types.is_bool_dtype(present.infer_objects()):
        return "boolean"
    if pd.api.types.is_numeric_dtype(values):
        return "number"
    if isinstance(present.iloc[0], str):
        few = present.nunique() <= max(FEW_VALUES, len(present) // 20)
        return "category" if few else "text"
    raise ValueError(
        f"Column {values.name!r} can't be a feature, because it holds {present.iloc[0]!r:.40}:"
        f" features are {', '.join(KINDS)}. Convert it, or leave it out."
    )


def _problem(label: pd.Series) -> tuple[str, list | None]:
    """Return the kind of problem, and the classes in ascending order."""
    values = label.unique()
    if len(values) < 2:
        raise ValueError(
            f"The label {label.name!r} is {shown(values[0])} in every row: give training data with"
            " all classes."
        )
    numbers = pd.api.types.is_numeric_dtype(label) and not pd.api.types.is_bool_dtype(label)
    whole = numbers and (label % 1 == 0).all()
    if numbers and (not whole or len(values) > min(MOST_CLASSES, len(label) // 5)):
        return "regression", None
    if len(values) > MOST_CLASSES:
        raise ValueError(
            f"The label {label.name!r} has {len(values)} classes; at most {MOST_CLASSES} are told"
            " apart: group the rare ones."
        )
    classes = [value.item() if hasattr(value, "item") else value for value in sorted(values)]
    if whole:
        classes = [int(value) for value in classes]
    return ("binary" if len(classes) == 2 else "multiclass"), classes
