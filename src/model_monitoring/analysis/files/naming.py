"""Give a window's columns the baseline's names.

Columns that have names are matched by name; only columns without names are matched by position. A
prediction is never taken for a feature: the caller says which baseline column an endpoint's output
is.
"""

from ..data_quality.drift import Mode
from ..data_quality.statistics import Profile
from .readers import Reading


def headerless(names: list[str]) -> bool:
    """Return whether the names are those of a CSV file without a header."""
    return names == [f"_c{i}" for i in range(len(names))]


def align(
    profile: Profile, reading: Reading, expected: list[str], outputs: list[str] | None, mode: Mode
) -> Profile:
    """Return the profile under the names of the baseline; assumptions go into the notes.

    Args:
        profile: of the window.
        reading: of its files.
        expected: the baseline's column names, in order.
        outputs: the names of the endpoint's outputs in captured data, in order.
        mode: in mode aws, captured columns take the baseline's names by position, outputs first, as
            on AWS.

    Raises:
        ValueError: outputs need names but have none, or there is a wrong number of names.
    """
    found = list(profile.columns)
    if any(name.startswith(("_in", "_out")) for name in found) or reading.outputs:
        return _align_capture(profile, reading, expected, outputs, mode)
    if reading.positional and not headerless(expected):
        if len(found) != len(expected):
            return profile
        reading.notes.append(
            "The files have no header: columns took the baseline's names by position."
        )
        return profile.rename(dict(zip(found, expected, strict=True)))
    if found != expected and set(found) == set(expected):
        reading.notes.append(
            "Columns are in another order than in the baseline and were matched by name."
        )
    return profile


def _align_capture(
    profile: Profile, reading: Reading, expected: list[str], outputs: list[str] | None, mode: Mode
) -> Profile:
    """Name captured columns: the endpoint's outputs, then its inputs."""
    outs = [name for name in profile.columns if name in reading.outputs]
    ins = [name for name in profile.columns if name not in reading.outputs and name != "_label"]
    names = {name: name for name in outs + ins}
    if outputs is not None:
        if len(outputs) != len(outs):
            raise ValueError(
                f"The endpoint has {len(outs)} outputs ({outs}), but {len(outputs)} names: "
                f"{outputs}."
            )
        names |= zip(outs, outputs, strict=True)
    unnamed = [name for name in ins if name.startswith("_in")]
    free = [name for name in expected if name not in names.values()]
    if unnamed and outputs is None and len(outs) + len(ins) == len(expected):
        if mode == "exact" and not headerless(expected):
            raise ValueError(
                f"The baseline has {len(expected)} columns, as many as the endpoint's {len(outs)} "
                "outputs and "
                f"{len(ins)} inputs together. Say which of its columns the outputs are: --outputs "
                "NAME (outputs=[...])."
            )
        names = dict(zip(outs + ins, expected, strict=True))
        reading.notes.append(
            "Captured columns took the baseline's names by position, outputs first, as on AWS."
        )
    elif unnamed and len(unnamed) == len(free):
        names |= zip(unnamed, free, strict=True)
        reading.notes.append(
            f"The endpoint's {len(unnamed)} inputs took the baseline's names in order."
        )
    ignored = [name for name in outs if names[name] not in expected]
    if ignored:
        reading.notes.append(
            f"Outputs that the baseline has no column for were left out: {ignored}."
        )
    return profile.rename({old: new for old, new in names.items() if old not in ignored})
