"""Texts that PostgreSQL can hold: any but those with a NUL character or half of a surrogate pair."""

from collections.abc import Mapping

SHOWN = 80  # characters of a text in a message


def fault(text: str) -> str | None:
    """Say why PostgreSQL can't hold a text; None if it can."""
    if "\0" in text:
        return "holds a NUL character, which PostgreSQL can't store"
    try:
        text.encode()
    except UnicodeEncodeError:
        return "holds half of a surrogate pair, which is not valid unicode"
    return None


def check_text(text: object, what: str, empty: bool = False) -> None:
    """Raise ValueError, which names `what`, unless this is text that PostgreSQL can hold; `empty` allows none."""
    if not isinstance(text, str) or not (text or empty):
        raise ValueError(f"{what} can't be {repr(text)[:SHOWN]}: give a text.")
    if why := fault(text):
        raise ValueError(f"{what} can't be {text[:SHOWN]!r}: it {why}. Nothing was stored.")


def check_texts(value: object, what: str) -> None:
    """Raise ValueError where a text within dicts and lists can't be held; the message says where it stands."""
    if isinstance(value, str):
        check_text(value, what, empty=True)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            check_texts(key, f"a key of {what}")
            check_texts(item, f"{what}[{key!r}]")
    elif isinstance(value, list | tuple):
        for position, item in enumerate(value):
            check_texts(item, f"{what}[{position}]")
