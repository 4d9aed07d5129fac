"""The contract of a subscription: of what type each field is, and which classes there are.

It is declared when the model is subscribed, and kept wherever a value comes in: the first record
decides nothing. How a value of a type is read, `postgres.coercing` says.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress

import numpy as np
import pandas as pd

from model_monitoring.datamart.postgres import coercing
from model_monitoring.datamart.postgres.columns import BOOLEAN, INTEGER, NUMBER, NUMBERS, TEXT
from model_monitoring.datamart.postgres.wording import shown, some

# What a feature may be declared as, and the column that holds it
KINDS = {
    "number": NUMBER,
    "whole number": INTEGER,
    "category": TEXT,
    "boolean": BOOLEAN,
    "text": TEXT,
    "list of numbers": NUMBERS,
}
DECLARED = {kind: name for name, kind in KINDS.items()}
# Bytes of a column in a row: a text may be short, but not shorter than a pointer to a long one
WIDTHS = {NUMBER: 8, INTEGER: 8, BOOLEAN: 1, TEXT: 18, NUMBERS: 18}
ECHO = "_output"  # ends the column of a response's field that repeats a feature
WIDEST_ROW = 8000  # bytes: PostgreSQL keeps a row in one page of 8 kB, with some bytes of its own


def check(asset: Mapping) -> None:
    """Refuse a contract that can't be kept.

    Raises:
        ValueError: a type isn't known or is of no feature, or a row is too wide for PostgreSQL.
    """
    declared = asset["feature_types"]
    if unknown := sorted(set(declared) - set(asset["feature_columns"])):
        raise ValueError(f"feature_types names {some(unknown)}, which feature_columns doesn't.")
    for feature, kind in declared.items():
        if kind not in KINDS:
            raise ValueError(
                f"feature_types[{feature!r}] is {kind!r:.40}; a feature is {', '.join(KINDS)}."
            )
        if kind == "number" and feature in asset["categorical_columns"]:
            raise ValueError(
                f"{feature!r} is in categorical_columns, and feature_types says number: say"
                " 'whole number' for categories that are numbers."
            )
    _check_classes(asset)
    variant = asset["variant"]
    if variant is not None and not (isinstance(variant, str) and variant):
        raise ValueError(f"variant is {variant!r:.40}: name a variant of the endpoint.")
    features = asset["feature_columns"]
    width = sum(WIDTHS[column_type(asset, name)] for name in features) + 3 * WIDTHS[TEXT]
    if width > WIDEST_ROW:
        raise ValueError(
            f"{len(features)} features need {width:,} bytes a row; PostgreSQL holds about"
            f" {WIDEST_ROW:,}, which is 990 numbers. Subscribe the features that matter most."
        )


def _check_classes(asset: Mapping) -> None:
    """Raise ValueError if a class can't be one, or the positive one is none of them."""
    positive = asset["positive_label"]
    given = [value for pair in asset["label_values"] or () for value in pair]
    for value in given if positive is None else [*given, positive]:
        if not isinstance(value, str | int | float) or value == "" or value != value:
            raise ValueError(
                f"{shown(value)} can't be a class (label_values, positive_label): use text, numbers"
                " or True and False."
            )
    known = [value for _, value in asset["label_values"] or ()]
    if known and positive is not None and positive not in known:
        raise ValueError(
            f"positive_label is {positive!r:.80}, which is none of the classes {some(known)}"
            " (label_values)."
        )


def with_classes(asset: Mapping) -> dict:
    """Return a contract whose classes are written as the payload holds them: "True " as true."""
    if _class_type(asset) != TEXT or not asset["label_values"]:
        return dict(asset)
    pairs = [[label, _written(value)] for label, value in asset["label_values"]]
    return {**asset, "label_values": pairs, "positive_label": _written(asset["positive_label"])}


def _written(value: object) -> object:
    with suppress(ValueError):
        return coercing.class_name(value)
    return value


def named_class(value: object, known: Sequence) -> object:
    """Return the class that a value names, also as text or as a number; None if it names none."""
    if value in known:
        return known[known.index(value)]
    written = _written(value)
    return next((one for one in known if _written(one) == written), None)


def kind_of(asset: Mapping, feature: str) -> str:
    """Return what a feature is declared as: one of KINDS."""
    declared = asset["feature_types"].get(feature)
    return declared or ("category" if feature in asset["categorical_columns"] else "number")


def advice(asset: Mapping, field: str) -> str:
    """Say how a feature of another type is declared, if it wasn't declared at all."""
    if field not in asset["feature_columns"] or field in asset["feature_types"]:
        return ""
    if field in asset["categorical_columns"]:
        return ""
    return (
        "Features are numbers unless categorical_columns or feature_types says otherwise;"
        " retype() declares another type."
    )


def kinds_in(frame: pd.DataFrame, asset: Mapping) -> dict[str, str]:
    """Return what the features are declared as, or as what training data has them.

    A text column is a category where the asset lists it as one, else text.
    """
    found = {}
    for name in asset["feature_columns"]:
        if name in frame and name not in asset["feature_types"]:
            found[name] = _kind_in(frame[name], name in asset["categorical_columns"])
    return {**found, **asset["feature_types"]}


def _kind_in(values: pd.Series, categorical: bool) -> str:
    """Return the type that values have; gaps don't make floats or objects of whole numbers."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        values = values.astype(values.cat.categories.dtype if values.notna().all() else object)
    found = pd.api.types.infer_dtype(values, skipna=True)
    if found == "boolean":
        return "boolean"
    if found in ("integer", "floating", "mixed-integer-float", "decimal"):
        present = values.dropna().astype(float)
        whole = len(present) and (present % 1 == 0).all()
        return ("whole number" if whole else "category") if categorical else "number"
    lists = [isinstance(value, list | tuple | np.ndarray) for value in values.dropna()]
    if lists and all(lists):
        return "list of numbers"
    return "category" if categorical else "text"


def column_type(asset: Mapping, field: str) -> str | None:
    """Return the type of the column that holds a field.

    None if the contract doesn't say: of a field that it doesn't name, and of classes that aren't
    declared.
    """
    if field in asset["feature_columns"]:
        return KINDS[kind_of(asset, field)]
    if field in (asset["prediction_column"], asset["label_column"]):
        return _class_type(asset)
    if field == asset["probability_column"]:
        vectors = asset["problem_type"] == "multiclass" and classes(asset)
        return NUMBERS if vectors else NUMBER
    return None


def answered(asset: Mapping) -> list[str]:
    """Name the fields that a model answers: the prediction, and the probability if there is one."""
    return [name for name in (asset["prediction_column"], asset["probability_column"]) if name]


def output_names(asset: Mapping, answered: Sequence[str], features: Sequence[str]) -> list[str]:
    """Name the columns of a response's fields: one that repeats a feature or the label isn't it."""
    taken = [*features, asset["label_column"]]  # a list: a name may be anything here
    return [f"{name}{ECHO}" if name in taken else name for name in answered]


def never_stored(details: Mapping) -> list[str]:
    """Return the columns that are never stored: the features, and responses that repeat them."""
    asset, names = details["asset"], details["never_store"]
    declared = {*asset["feature_columns"], asset["prediction_column"], asset["probability_column"]}
    return [*names, *(f"{name}{ECHO}" for name in names if f"{name}{ECHO}" not in declared)]


def classes(asset: Mapping) -> list | None:
    """Return what the model may predict, in the order of its probabilities; None if unknown.

    A binary model without label_values says 0 or 1, the positive one last.
    """
    if asset["label_values"]:
        return list(dict.fromkeys(value for _, value in asset["label_values"]))
    positive = positive_class(asset)
    if asset["problem_type"] != "binary" or positive not in (0, 1):
        return None
    return [not positive, positive] if isinstance(positive, bool) else [1 - positive, positive]


def positive_class(asset: Mapping) -> object:
    """Return the class whose probability a binary model answers."""
    return 1 if asset["positive_label"] is None else asset["positive_label"]


def _class_type(asset: Mapping) -> str | None:
    """Return the type of a prediction, and of its label."""
    if asset["problem_type"] == "regression":
        return NUMBER
    known = classes(asset) or [asset["positive_label"]]
    if known == [None]:
        return None
    if all(isinstance(value, bool) for value in known):
        return BOOLEAN
    if all(isinstance(value, int) for value in known):
        return INTEGER
    return NUMBER if all(isinstance(value, int | float) for value in known) else TEXT
