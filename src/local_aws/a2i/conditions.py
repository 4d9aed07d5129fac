"""Activation conditions: which human loops are started and which aren't needed.

AWS evaluates them for its built-in tasks (Rekognition, Textract) and refuses them for custom ones.
Here they are evaluated for custom tasks, in the same JSON, with `Sampling` as on AWS and a
`ValueCheck` of our own on InputContent. (SageMaker Developer Guide, "JSON Schema for Human Loop
Activation Conditions in Amazon Augmented AI".)
"""

import json
import random
from collections.abc import Iterator
from typing import Any

from jsonschema_rs import Draft202012Validator, ValidationError

from local_aws.sagemaker.resources import Record
from local_aws.wire.errors import validation_error

_NESTING = 2  # levels of And and Or, as on AWS
_NUMBER = {"type": "number"}
_VALUE = {"Key": {"type": "string", "minLength": 1}, "GreaterThan": _NUMBER, "LessThan": _NUMBER}
_SAMPLING = {"RandomSamplingPercentage": {"type": "number", "minimum": 0, "maximum": 100}}


def _object(members: dict[str, Any], **rules: Any) -> dict[str, Any]:
    """Return the schema of an object that has these members, all of them unless `rules` say
    otherwise.
    """
    return {
        "type": "object",
        "properties": members,
        "required": list(members),
        "additionalProperties": False,
    } | rules


def _simple(kind: str, parameters: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a condition of one type."""
    return _object({"ConditionType": {"const": kind}, "ConditionParameters": parameters})


def _conditions(nesting: int) -> dict[str, Any]:
    """Return the schema of a list of conditions in which And and Or may stand this deep."""
    allowed = [
        _simple("Sampling", _object(_SAMPLING)),
        _simple("ValueCheck", _object(_VALUE, required=["Key"])),
    ]
    allowed += [_object({word: _conditions(nesting - 1)}) for word in ("And", "Or") if nesting]
    return {"type": "array", "minItems": 1, "items": {"anyOf": allowed}}


_SCHEMA = Draft202012Validator(_object({"Conditions": _conditions(_NESTING)}))


def check(flow: Record) -> None:
    """Refuse a flow definition whose conditions can't be read; raises ValidationException."""
    try:
        conditions = _read(flow)
        if conditions is not None:
            _SCHEMA.validate(conditions)
    except ValidationError as error:
        where = "/".join(map(str, error.instance_path)) or "the JSON"
        raise validation_error(f"HumanLoopActivationConditions: {where}: {error.message}") from None
    except (ValueError, RecursionError) as error:
        raise validation_error(f"HumanLoopActivationConditions is not JSON: {error}") from None


def hold(flow: Record, content: dict[str, Any]) -> bool:
    """Say whether a flow definition has a human loop started for an InputContent: always, if it has
    no conditions.
    """
    conditions = _read(flow)
    return conditions is None or any(
        _holds(condition, content) for condition in conditions["Conditions"]
    )


def _read(flow: Record) -> Any:
    """Return a flow definition's conditions, parsed; None if it has none. Raises ValueError if they
    are not JSON.
    """
    config = flow.get("HumanLoopActivationConfig")
    text = config and config["HumanLoopActivationConditionsConfig"]["HumanLoopActivationConditions"]
    return json.loads(text) if text else None


def _holds(condition: dict[str, Any], content: dict[str, Any]) -> bool:
    """Evaluate one condition."""
    if "And" in condition:
        return all(_holds(part, content) for part in condition["And"])
    if "Or" in condition:
        return any(_holds(part, content) for part in condition["Or"])
    asked = condition["ConditionParameters"]
    if condition["ConditionType"] == "Sampling":
        return random.uniform(0, 100) < asked["RandomSamplingPercentage"]
    low, high = asked.get("GreaterThan", float("-inf")), asked.get("LessThan", float("inf"))
    return any(low < value < high for value in _numbers(content, asked["Key"].split(".")))


def _numbers(content: Any, path: list[str]) -> Iterator[float]:
    """Find the numbers under a path of keys; a list on the way stands for each of its items."""
    if isinstance(content, list):
        for item in content:
            yield from _numbers(item, path)
    elif path and isinstance(content, dict) and path[0] in content:
        yield from _numbers(content[path[0]], path[1:])
    elif not path and isinstance(content, int | float) and not isinstance(content, bool):
        yield content
