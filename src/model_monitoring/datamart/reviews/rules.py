"""When a person must look, and who: the settings of `mart.reviews.enable`, checked and stored."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from model_monitoring import review
from model_monitoring.analysis.wording import counted
from model_monitoring.datamart.postgres.columns import check
from model_monitoring.datamart.postgres.database import Database
from model_monitoring.datamart.postgres.jsonb import as_json
from model_monitoring.datamart.postgres.texts import check_texts
from model_monitoring.datamart.watched import WatchedModel

LONGEST_NAME = 100  # characters of a reviewer's name


@dataclass(frozen=True)
class Rule:
    """When a person must look at a subscription's rows, and how the rows are shown.

    Attributes:
        low, high: rows with a score from low to high are sent; None for both if scores don't
            matter.
        audit_share: share of all rows that is drawn at random, and sent whatever their score.
        seed: seed of that draw, which otherwise depends only on a row's scoring id.
        violations: whether to send rows that break a constraint that drift monitoring learned from
            training data.
        disagreements: whether to send rows for which the de-biased companion predicts otherwise.
        task_count: answers wanted per row, from different people (A2I's TaskCount).
        rows_per_task: rows on one page.
        prediction: when a reviewer sees the model's prediction: "first" (with the row), "last"
            (after a first answer, which may then be changed; both are kept) or "never".
        instructions: shown above the rows.
        template: an A2I worker template instead of ours; its `task.input` is that of
            `review.default_template`.
        label_field: the name of the template's field for the label: one in each row, in the order
            of the rows.
    """

    low: float | None = 0.1
    high: float | None = 0.9
    audit_share: float = 0.02
    seed: int = 0
    violations: bool = True
    disagreements: bool = True
    task_count: int = 1
    rows_per_task: int = 1
    prediction: str = "first"
    instructions: str = ""
    template: str | None = None
    label_field: str = "label"


def checked(subscription: WatchedModel, rule: Rule, reviewers: Sequence[str]) -> list[str]:
    """Return the reviewers' names.

    Raises:
        ValueError: a setting is invalid; the message says what to do.
    """
    for name, value in asdict(rule).items():
        check_texts(value, name)
    asset = subscription.asset
    if not asset["label_values"]:
        raise ValueError(
            f"Subscription {subscription.name!r} has no label_values: add the subscription with"
            " the labels that a reviewer may choose from."
        )
    if (rule.low is None) != (rule.high is None) or (
        rule.low is not None and not rule.low <= rule.high
    ):
        raise ValueError(
            f"low={rule.low}, high={rule.high}: give both, the smaller one first, or None for both."
        )
    if rule.low is not None and not asset["probability_column"]:
        raise ValueError(
            f"Subscription {subscription.name!r} has no probability column: give low=None and"
            " high=None."
        )
    if not 0 <= rule.audit_share <= 1:
        raise ValueError(
            f"audit_share is {rule.audit_share}: it's a share of the rows, from 0 to 1."
        )
    for name in ("task_count", "rows_per_task"):
        if getattr(rule, name) < 1:
            raise ValueError(f"{name} is {getattr(rule, name)}: it must be at least 1.")
    if rule.prediction not in ("first", "last", "never"):
        raise ValueError(f"prediction is {rule.prediction!r}: use 'first', 'last' or 'never'.")
    names = [reviewers] if isinstance(reviewers, str) else list(dict.fromkeys(reviewers))
    for name in names:
        if (
            not isinstance(name, str)
            or not name.strip()
            or len(name) > LONGEST_NAME
            or not name.isprintable()
        ):
            raise ValueError(
                f"{name!r} can't be a reviewer's name: use 1 to {LONGEST_NAME} printable"
                " characters."
            )
    needed = rule.task_count + (rule.task_count > 1)
    if len(names) < needed:
        more = ", one of them to decide if the others differ" if rule.task_count > 1 else ""
        raise ValueError(
            f"task_count={rule.task_count} needs {counted(needed, 'reviewer')}{more};"
            f" there are {len(names)}."
        )
    review.check(rule.template)
    return names


def labels(subscription: WatchedModel, asset: Mapping) -> dict[str, object]:
    """Map each label, as a reviewer reads it, to the value that the model predicts for it.

    If several labels have the same value, the first one is used.

    Raises:
        ValueError: the label's column can't hold a label's value.
    """
    texts: dict[object, str] = {}
    for text, value in asset["label_values"]:
        texts.setdefault(value, str(text))
    column = subscription.table().of("label")[0]
    check(column, list(texts), lambda i: f"label {list(texts.values())[i]!r} of label_values")
    return {text: value for value, text in texts.items()}


def keep(database: Database, subscription: WatchedModel, rule: Rule, reviewers: list[str]) -> None:
    """Store a subscription's rule; it replaces the one before."""
    database.execute(
        "INSERT INTO review_rule VALUES (%s, true, %s, %s) ON CONFLICT (subscription_id) DO UPDATE"
        " SET enabled = true, reviewers = EXCLUDED.reviewers, parameters = EXCLUDED.parameters",
        [subscription.subscription_id, reviewers, as_json(asdict(rule))],
    )


def of(database: Database, subscription: WatchedModel) -> Rule:
    """Read a subscription's rule.

    Raises:
        ValueError: there is none, or it is switched off.
    """
    found = database.rows(
        "SELECT parameters FROM review_rule WHERE enabled AND subscription_id = %s",
        [subscription.subscription_id],
    )
    if not found:
        raise ValueError(
            f"Review of {subscription.name!r} is off: call mart.reviews.enable() first."
        )
    return Rule(**found[0]["parameters"])
