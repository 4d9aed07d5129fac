"""Numbers in sentences."""


def counted(number: int, one: str, many: str = "") -> str:
    """Write a number with what it counts, such as ``1 row``; `many` is by default `one` with an s.

    Both may go on with a verb:

    >>> [counted(n, "row was skipped", "rows were skipped") for n in (1, 2)]
    ['1 row was skipped', '2 rows were skipped']
    """
    return f"{number} {one if number == 1 else many or one + 's'}"
