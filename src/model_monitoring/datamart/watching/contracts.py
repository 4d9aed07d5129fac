"""A model's contract as a file beside the model: what it is asked and what it answers."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import yaml

from model_monitoring.datamart.entities import CustomMachineLearningAsset, ProblemType

HEAD = "# What the model is asked and answers. Read it like code: every monitor goes by it.\n"


@dataclass(frozen=True)
class Contract:
    """What a model is asked and answers, and what is watched.

    Attributes:
        name: of the subscription.
        engine: what serves it: `url` with `request`, `answers` and `token_variable` as
            `CustomMachineLearningInstance` has them, or `endpoint` with `variant`, or neither for a
            model whose predictions come as files.
        problem_type: binary, multiclass or regression.
        label, prediction, probability: the columns of the true value and of the model's answers;
            no probability if the model answers none.
        classes: in the order of the model's probabilities; None for a regression.
        positive_class: of a binary model.
        features: each feature's type, in the model's order; see `contract.KINDS`.
        protected: attributes whose groups are compared: {"sex": {"majority": ["male"],
            "minority": ["female"]}}. Ranges of numbers are pairs [low, high].
        favourable: the predictions that favour a person.
        quality: the lower limit of area under ROC, accuracy or R2.

    >>> Contract("prices", "regression", "price", {"area": "number"}).classes is None
    True
    """

    name: str
    problem_type: str
    label: str
    features: Mapping[str, str]
    engine: Mapping[str, Any] = field(default_factory=dict)
    prediction: str = "prediction"
    probability: str | None = None
    classes: list | None = None
    positive_class: Any = None
    protected: Mapping[str, Mapping] = field(default_factory=dict)
    favourable: list = field(default_factory=list)
    quality: float = 0.8

    def asset(self, binding_uid: str) -> CustomMachineLearningAsset:
        """Return what is subscribed."""
        return CustomMachineLearningAsset(
            source_uid=self.engine.get("endpoint") or self.name,
            binding_uid=binding_uid,
            name=self.name,
            problem_type=ProblemType(self.problem_type),
            label_column=self.label,
            prediction_column=self.prediction,
            probability_column=self.probability,
            feature_columns=list(self.features),
            categorical_columns=[n for n, kind in self.features.items() if kind == "category"],
            feature_types=dict(self.features),
            label_values=self.classes,
            positive_label=self.positive_class,
            variant=self.engine.get("variant"),
        )

    def properties(self) -> dict:
        """Return the asset as the data mart has it; raise ValueError if it contradicts itself."""
        return self.asset("").properties()


def read(path: str | Path) -> Contract:
    """Read a contract from a YAML or JSON file.

    Raises:
        ValueError: it can't be read, or a field is missing, unknown or contradicts another.
    """
    try:
        content = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ValueError(f"{path} can't be read as a contract: {error}") from None
    names = {one.name for one in fields(Contract)}
    if not isinstance(content, dict) or (unknown := sorted(map(str, set(content) - names))):
        said = ", ".join(unknown) if isinstance(content, dict) else "no fields"
        raise ValueError(f"{path} has {said}; a contract has {', '.join(sorted(names))}.")
    needed = {"name", "problem_type", "label", "features"}
    if lacking := sorted(needed - set(content)):
        raise ValueError(f"{path} lacks {', '.join(lacking)}.")
    for name in ("features", "engine", "protected"):
        if not isinstance(content.get(name, {}), dict):
            raise ValueError(
                f"{path}: {name} is {content[name]!r:.80}; it has a line for each one."
            )
    try:
        found = Contract(**content)
        found.properties()
    except (TypeError, ValueError) as error:
        raise ValueError(f"{path}: {error}") from None
    return found


def write(contract: Contract, path: str | Path) -> None:
    """Write a contract, as JSON if the file's name ends so, else as YAML."""
    content = asdict(contract)
    if Path(path).suffix == ".json":
        text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    else:
        text = HEAD + yaml.safe_dump(content, sort_keys=False, allow_unicode=True)
    Path(path).write_text(text, encoding="utf-8")
