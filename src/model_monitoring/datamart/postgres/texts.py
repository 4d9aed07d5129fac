"""Strings that PostgreSQL can hold: all without NUL characters and lone surrogates."""

from collections.abc import Mapping

import pandas as pd

SHOWN = 80  # characters of a string in a message


def fault(text: str) -> str | None:
    """Say why PostgreSQL can't hold a string; return None if it can."""
    if "\0" in text:
        return "contains a NUL character, which PostgreSQL can't store"
    try:
        text.encode()
    except UnicodeEncodeError:
        return "contains half of a surrogate pair, which is not valid Unicode"
    return None


def check_text(text: object, what: str, empty: bool = False) -> None:
    """Raise ValueError, which names `what`, unless this is a string that PostgreSQL can hold.

    With `empty`, an empty string is allowed.
    """
    if not isinstance(text, str) or not (text or empty):
        raise ValueError(f"{what} can't be {repr(text)[:SHOWN]}: use a string.")
    if why := fault(text):
        raise ValueError(f"{what} can't be {text[:SHOWN]!r}: it {why}. Nothing was stored.")


def check_texts(value: object, what: str) -> None:
    """Raise ValueError if a string within dicts and lists can't be held; the message says where."""
    if isinstance(value, str):
        check_text(value, what, empty=True)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            check_texts(key, f"a key of {what}")
            check_texts(item, f"{what}[{key!r}]")
    elif isinstance(value, list | tuple):
        for position, item in enumerate(value):
            check_texts(item, f"{what}[{position}]")


def check_frame(frame: pd.DataFrame, what: str) -> None:
    """Raise ValueError if a string in a data frame can't be held.

    The message names column and row.
    """
    for name in frame.columns:
        column = frame[name]
        if isinstance(name, str):
            check_text(name, f"a column's name in {what}", empty=True)
        if column.dtype.kind in "biufcM":
            continue
        bad = {value for value in column.dropna() if isinstance(value, str) and fault(value)}
        for row, value in enumerate(column, 1) if bad else ():
            if isinstance(value, str) and value in bad:
                check_text(value, f"{what} (column {name!r}, row {row})")


def storable(value: object) -> object:
    """Remove the characters that PostgreSQL can't hold from strings within dicts and lists.

    This is for strings that must be stored all the same: people don't type such characters, and an
    incomplete reason for a failure is better than none.
    """
    if isinstance(value, Mapping):
        return {storable(key): storable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [storable(item) for item in value]
    return (
        value.replace("\0", "").encode(errors="ignore").decode()
        if isinstance(value, str)
        else value
    )
