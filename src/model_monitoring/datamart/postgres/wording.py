"""Values and names in error messages."""

from collections.abc import Sequence


def shown(value: object) -> str:
    """Write a value for an error message: shortly, whatever it is."""
    try:
        return repr(str(value)[:80])
    # A whole number of thousands of digits; lists within lists within lists
    except (ValueError, RecursionError):
        return f"<{type(value).__name__}, too long to be written>"


SEVERAL = 5  # names listed in an error before "and more"


def some(names: Sequence) -> str:
    """List the first few names."""
    more = f" and {len(names) - SEVERAL} more" if len(names) > SEVERAL else ""
    return ", ".join(map(shown, names[:SEVERAL])) + more
