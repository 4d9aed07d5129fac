"""Check a request against botocore's service model, with AWS's codes and messages."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape
from botocore.utils import parse_to_aware_datetime

from local_aws.wire.errors import AwsError, validation_error

_TYPES: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "integer": int,
    "long": int,
    "float": (int, float),
    "double": (int, float),
    "boolean": bool,
    "structure": dict,
    "map": dict,
    "list": list,
    "timestamp": (int, float, str),
}


def validate(request: Any, shape: StructureShape) -> None:
    """Check a parsed JSON request against the input shape of its operation.

    Raises:
        AwsError: SerializationException for a value of another JSON type. ValidationException that
            names each member that is missing, unknown, too long or short, out of range, or doesn't
            match its pattern or enumeration.
    """
    problems = list(_problems(request, shape, ""))
    if problems:
        errors = f"{len(problems)} validation error{'s' if len(problems) > 1 else ''} detected"
        raise validation_error(f"{errors}: {'; '.join(problems)}")


def to_utc(value: float | str) -> datetime:
    """Convert a timestamp to UTC without a zone, as in moto; raises SerializationException."""
    try:
        return parse_to_aware_datetime(value).astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError, OSError, RuntimeError):
        raise AwsError("SerializationException", f"{str(value)[:40]!r} isn't a timestamp") from None


def _problems(value: Any, shape: Shape, path: str) -> Iterator[str]:
    """Describe each problem of a value and of the values in it."""
    expected = _TYPES.get(shape.type_name, object)
    if not isinstance(value, expected) or (
        isinstance(value, bool) and shape.type_name != "boolean"
    ):
        raise AwsError(
            "SerializationException", f"{path or 'The body'} must be a JSON {shape.type_name}"
        )
    if shape.type_name == "timestamp":
        to_utc(value)
    elif isinstance(shape, StructureShape):
        yield from _structure_problems(value, shape, path)
    elif isinstance(shape, ListShape):
        yield from _limits(len(value), value, shape, path)
        for number, item in enumerate(value, 1):
            yield from _problems(item, shape.member, f"{path}.{number}.member")
    elif isinstance(shape, MapShape):
        yield from _limits(len(value), value, shape, path)
        for key, item in value.items():
            yield from _problems(key, shape.key, f"{path}.key")
            yield from _problems(item, shape.value, f"{path}.{key}")
    elif shape.type_name == "string":
        _check_text(value, path)
        yield from _string_problems(value, shape, path)
    elif shape.type_name in ("integer", "long", "float", "double"):
        if isinstance(value, int) and abs(value) >= (
            1 << 31 if shape.type_name == "integer" else 1 << 63
        ):
            raise AwsError(
                "SerializationException",
                f"{path} must be a JSON {shape.type_name}: it is too large",
            )
        yield from _limits(value, value, shape, path)


def _check_text(value: str, path: str) -> None:
    """Refuse strings that no file, process or response could hold; raises AwsError."""
    try:
        value.encode()
    except UnicodeEncodeError:
        raise AwsError("SerializationException", f"{path} holds half of a surrogate pair") from None
    if "\0" in value:
        raise validation_error(
            f"1 validation error detected: Value at '{path}' holds a NUL character"
        )


def _structure_problems(value: dict[str, Any], shape: StructureShape, path: str) -> Iterator[str]:
    """Describe the missing and unknown members of a structure, and the problems of the others."""
    prefix = f"{path}." if path else ""
    for name in shape.required_members:
        if value.get(name) is None:
            at = prefix + _camel(name)
            yield f"Value null at '{at}' failed to satisfy constraint: Member must not be null"
    for name, item in value.items():
        if name not in shape.members:
            yield f"Unknown member '{prefix}{name}': {shape.name} has no such member"
        elif item is not None:
            yield from _problems(item, shape.members[name], prefix + _camel(name))


def _string_problems(value: str, shape: Shape, path: str) -> Iterator[str]:
    """Describe the problems of a string's enumeration, length or pattern."""
    if shape.enum and value not in shape.enum:
        allowed = f"[{', '.join(shape.enum)}]"
        yield (
            f"Value '{value}' at '{path}' failed to satisfy constraint: "
            f"Member must satisfy enum value set: {allowed}"
        )
        return
    too_long = list(_limits(len(value), value, shape, path))
    yield from too_long
    pattern = _compiled(shape.metadata.get("pattern", ""))
    if pattern and not too_long and not pattern.fullmatch(value):
        yield (
            f"Value '{value}' at '{path}' failed to satisfy constraint: "
            f"Member must satisfy regular expression pattern: {pattern.pattern}"
        )


def _limits(measure: float, value: Any, shape: Shape, path: str) -> Iterator[str]:
    """Describe a length or number outside the shape's bounds."""
    sized = "have length" if isinstance(value, str | list | dict) else "have value"
    shown = f"'{value}'" if isinstance(value, str) and len(value) <= 256 else f"of length {measure}"
    shown = str(value) if sized == "have value" else shown
    for bound, words, broken in (
        ("min", "greater than or equal to", lambda limit: measure < limit),
        ("max", "less than or equal to", lambda limit: measure > limit),
    ):
        limit = shape.metadata.get(bound)
        if limit is not None and broken(limit):
            yield (
                f"Value {shown} at '{path}' failed to satisfy constraint: "
                f"Member must {sized} {words} {limit}"
            )


def _camel(name: str) -> str:
    """Write a member's name as in AWS's messages."""
    return name[:1].lower() + name[1:]


@lru_cache(maxsize=512)
def _compiled(pattern: str) -> re.Pattern[str] | None:
    """Compile a pattern; None for the few that need Java's classes, such as \\p{ASCII}."""
    try:
        return re.compile(pattern) if pattern else None
    except re.error:
        return None
