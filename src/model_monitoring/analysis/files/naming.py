"""Give a window's columns the baseline's names: by name where there are names, by place only where
there are none.

A prediction is never taken for a feature: which baseline column an endpoint's output is, the caller
says.
"""

from ..data_quality.drift import Mode
from ..data_quality.statistics import Profile
from ..wording import counted
from .reading import Reading

_RARE = 0.5  # of the rows, up to which a field of JSON that the baseline lacks is left out


def headerless(names: list[str]) -> bool:
    """Return whether the names are those of a CSV file without a header."""
    return names == [f"_c{i}" for i in range(len(names))]


def number(profile: Profile, reading: Reading) -> Profile:
    """Return a baseline's profile with its columns numbered, if an endpoint's have no names."""
    if not reading.unnamed("input", "output"):
        return profile
    reading.notes.append("Captured CSV has no column names: they are _c0, _c1 ..., outputs first.")
    order = [*reading.of("label"), *_ordered(reading, "output"), *_ordered(reading, "input")]
    return profile.rename({name: f"_c{i}" for i, name in enumerate(order)})


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
    if reading.captured:
        return _align_capture(profile, reading, expected, outputs, mode)
    found = list(profile.columns)
    if reading.unnamed("file") and not headerless(expected):
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
    if mode == "aws":
        return profile
    names = {name: name for name in found}
    return profile.rename(_without_rare(names, found, profile, reading, expected))


def _align_capture(
    profile: Profile, reading: Reading, expected: list[str], outputs: list[str] | None, mode: Mode
) -> Profile:
    """Name captured columns: the endpoint's outputs, then its inputs."""
    ins = _ordered(reading, "input")
    outs = _ordered(reading, "output")
    names = {name: _own(reading, name) for name in ins}
    names = {name: _answer(reading, name, names) for name in outs} | names
    names = _without_rare(names, outs, profile, reading, expected)
    if mode == "exact":
        names = _without_rare(names, ins, profile, reading, expected)
    outs, ins = ([name for name in side if name in names] for side in (outs, ins))
    nameless = set(reading.unnamed("input", "output"))  # what they are called here says nothing
    if outputs is not None:
        inputs = [names[name] for name in ins if name not in nameless]
        names |= _named_outputs(outs, outputs, inputs)
        nameless -= set(outs)
    unnamed = [name for name in ins if name in nameless]
    known = {called for name, called in names.items() if name not in nameless}
    free = [name for name in expected if name not in known]
    if unnamed and outs and outputs is None and len(outs) + len(ins) == len(expected):
        if mode == "exact" and not headerless(expected):
            raise ValueError(
                f"The baseline has {len(expected)} columns, as many as the endpoint's"
                f" {counted(len(outs), 'output')} and {counted(len(ins), 'input')} together. Say"
                " which of its columns the outputs are: --outputs NAME (outputs=[...])."
            )
        names, nameless = dict(zip(outs + ins, expected, strict=True)), set()
        reading.notes.append(
            "Captured columns took the baseline's names by position, outputs first, as on AWS."
        )
    elif taken := _by_place(unnamed, free, reading):
        names |= taken
        reading.notes.append(
            f"The endpoint's {counted(len(unnamed), 'input')} took the baseline's names in order."
        )
    ignored = [name for name in outs if name in nameless or names[name] not in expected]
    if ignored:
        reading.notes.append(
            f"Outputs that the baseline has no column for were left out: {ignored}."
        )
    return profile.rename({old: new for old, new in names.items() if old not in ignored})


def _named_outputs(outs: list[str], outputs: list[str], inputs: list[str]) -> dict[str, str]:
    """Give an endpoint's outputs the names that the caller has for them."""
    if len(outputs) != len(outs):
        raise ValueError(
            f"The endpoint has {counted(len(outs), 'output')} ({outs}), but"
            f" {counted(len(outputs), 'name')}: {outputs}."
        )
    for name in outputs:
        if outputs.count(name) > 1 or name in inputs:
            other = "another output" if outputs.count(name) > 1 else "an input"
            raise ValueError(f"--outputs (outputs=[...]): {name!r} is also the name of {other}.")
    return dict(zip(outs, outputs, strict=True))


def _ordered(reading: Reading, *origins) -> list[str]:
    """Return the columns from there, those without names by their place."""
    unnamed = reading.unnamed(*origins)
    named = [name for name in reading.of(*origins) if name not in unnamed]
    return [*sorted(unnamed, key=lambda name: reading.fields[name].name), *named]


def _own(reading: Reading, name: str) -> str:
    """Return a column's own name, if it has one."""
    own = reading.fields[name].name
    return own if isinstance(own, str) else name


def _answer(reading: Reading, name: str, inputs: dict[str, str]) -> str:
    own = _own(reading, name)
    return name if own in inputs.values() else own


def _without_rare(
    names: dict[str, str], those: list[str], profile: Profile, reading: Reading, expected: list[str]
) -> dict[str, str]:
    """Leave out those fields of JSON that the baseline lacks and only some rows have."""
    kept = dict(names)
    for name in those:
        rows = reading.rows_with.get(name, profile.rows)
        if name in names and names[name] not in expected and rows <= _RARE * profile.rows:
            del kept[name]
            reading.notes.append(
                f"Field {names[name]!r} stands in {rows} of {profile.rows} rows and not in the"
                " baseline: it was left out."
            )
    return kept


def _by_place(unnamed: list[str], free: list[str], reading: Reading) -> dict[str, str]:
    """Give columns without names the names that are free, in order; {} if they don't fit.

    In libsvm places may lack, and be counted from 1.
    """
    places = {name: reading.fields[name].name for name in unnamed}
    if not places or not free:
        return {}
    sparse = any(name in reading.rows_with for name in unnamed)
    first = int(sparse and min(places.values()) >= 1 and max(places.values()) == len(free))
    if max(places.values()) - first >= len(free) or (not sparse and len(places) != len(free)):
        return {}
    return {name: free[place - first] for name, place in places.items()}
