"""Refuse what papermill was given if the notebook has no such parameter, or can't use the value."""

import ast


def fault(cells: list[str]) -> str | None:
    """Say what is wrong with the parameters that papermill has put in; None if nothing is.

    `cells` are those that were run; the notebook's own parameters come before papermill's.
    """
    place = next((at for at, cell in enumerate(cells) if cell.startswith("# Parameters\n")), None)
    if place is None:
        return None
    own = _assigned(cells[place - 1]) if place else {}
    for name, value in _assigned(cells[place]).items():
        if name not in own:
            return f"There is no parameter {name!r}; this notebook has: {', '.join(own) or 'none'}."
        default, share = own[name], isinstance(own[name], float)
        if not (type(value) is type(default) or (share and type(value) is int)):
            return f"Parameter {name} is {value!r}: give something like {default!r}."
        if isinstance(value, int | float) and not 0 <= value <= (1 if share else float("inf")):
            return f"Parameter {name} is {value}: give 0 or more{', at most 1' if share else ''}."
    return None


def _assigned(source: str) -> dict[str, object]:
    lines = [line for line in ast.parse(source).body if isinstance(line, ast.Assign)]
    return {line.targets[0].id: ast.literal_eval(line.value) for line in lines}
