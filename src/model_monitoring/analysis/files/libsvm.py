"""libsvm: lines of ``label index:value …``, in which a value that is left out is missing."""

from collections.abc import Iterator

from .json_rows import Row

MAX_CELLS = 10_000_000  # that a body may be laid out to


def rows(text: str) -> Iterator[tuple[str, dict[int, str]]]:
    """Yield lines of ``label index:value …`` as labels and values by index, as they were written.

    Raises:
        ValueError: a line is of another form, naming it.
    """
    for number, line in enumerate(text.removesuffix("\n").split("\n"), 1):
        try:
            label, *pairs = line.split()
            values = {}
            for pair in pairs:
                index, value = pair.split(":")
                float(value)
                values[int(index)] = value
            float(label)
        except ValueError:
            raise ValueError(
                f"line {number} is not libsvm: `label index:value …`, got {line[:40]!r}"
            ) from None
        yield label, values


def dense(lines: list[dict[int, str]], width: int | None) -> list[Row]:
    """Lay libsvm's values out from index 0; a value that is left out is missing, as for XGBoost.

    With `width` columns indices from 1 are told from those from 0.

    Raises:
        ValueError: an index is below 0, or there would be more than MAX_CELLS cells.
    """
    indices = [index for values in lines for index in values]
    low, high = min(indices, default=0), max(indices, default=-1)
    first = int(width is not None and low >= 1 and high == width)
    size = max(width or 0, high + 1 - first)
    if low < 0 or size * len(lines) > MAX_CELLS:
        raise ValueError(f"libsvm indices from {low} to {high} can't be laid out as columns")
    places = range(first, first + size)
    return [[values.get(index) for index in places] for values in lines]
