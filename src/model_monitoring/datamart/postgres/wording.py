"""Values and names in error messages."""

from collections.abc import Sequence


def shown(value: object) -> str:
    """Write any value briefly, for an error message."""
    try:
        return repr(str(value)[:80])
    # A number of thousands of digits, or deeply nested lists
    except (ValueError, RecursionError):
        return f"<{type(value).__name__}, too long to show>"


SEVERAL = 5  # names listed in an error before "and more"


def some(names: Sequence, count: int | None = None) -> str:
    """List the first few names of `count`, by default of as many as are given."""
    count = len(names) if count is None else count
    more = f" and {count - SEVERAL} more" if count > SEVERAL else ""
    return ", ".join(map(shown, names[:SEVERAL])) + more
