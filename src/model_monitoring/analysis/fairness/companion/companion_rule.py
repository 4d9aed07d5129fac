"""The rule of a de-biased companion, in plain Python.

It also runs beside a model in the images of AWS, which have Python versions as old as 3.7 and none
of our packages. So this file imports nothing and is copied next to inference.py. A rule is plain
JSON (finding.py finds one). Equal rows get equal predictions, whatever other rows are in the
request.
"""


def debias(rule, rows, score):
    """Predict each row by a rule.

    Args:
        rule: the companion's JSON, one of two kinds. "thresholds" holds a threshold for each group
            of a feature. "average" calls the model once for each group, with the feature set to a
            value of that group, and averages by the groups' shares; the row's own value is never
            read and may be absent.
        rows: one dict per row.
        score: a callable that takes a list of dicts and returns the model's probabilities of the
            favourable outcome.

    Returns:
        For each row the debiased prediction and the debiased probability of the favourable outcome.
        This is the model's own probability, bent so that the row's threshold is moved to 0.5.
    """
    if rule["kind"] == "thresholds":
        answers = [float(answer) for answer in score(rows)]
        cuts = [threshold(rule, row.get(rule["feature"])) for row in rows]
    else:
        values = rule["values"]
        scored = score(
            [dict(row, **{rule["feature"]: one["value"]}) for row in rows for one in values]
        )
        answers = [
            sum(one["share"] * float(scored[at * len(values) + i]) for i, one in enumerate(values))
            for at in range(len(rows))
        ]
        cuts = [rule["threshold"]] * len(rows)
    pair = (rule["unfavourable"], rule["favourable"])
    return [(pair[answer >= cuts[at]], bend(answer, cuts[at])) for at, answer in enumerate(answers)]


def threshold(rule, value):
    """Find the threshold of the group of a value; the default threshold if it is in no group."""
    for group in rule["groups"]:
        if "value" in group:
            if group["value"] == value or str(group["value"]) == str(value):
                return group["threshold"]
            continue
        try:
            number = float(value)
        except (TypeError, ValueError):
            continue
        low, high = group["low"], group["high"]
        above = (
            low is None or number > low or (number == low and group["closed"] in ("both", "left"))
        )
        below = (
            high is None
            or number < high
            or (number == high and group["closed"] in ("both", "right"))
        )
        if above and below:
            return group["threshold"]
    return rule["default"]


def bend(probability, cut):
    """Map [0, cut] to [0, 0.5] and [cut, 1] to [0.5, 1], in straight lines."""
    if probability < cut:
        return 0.5 * probability / cut
    return 0.5 + 0.5 * (probability - cut) / (1 - cut) if cut < 1 else 1.0
