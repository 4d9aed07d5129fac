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


def some(names: Sequence) -> str:
    """List the first few names."""
    more = f" and {len(names) - SEVERAL} more" if len(names) > SEVERAL else ""
    return ", ".join(map(shown, names[:SEVERAL])) + more
