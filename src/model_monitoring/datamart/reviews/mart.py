"""`mart.reviews`: when a person must look, the tasks made from the payload, and their results."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import boto3
import pandas as pd

from model_monitoring import review
from model_monitoring.datamart.postgres.database import Database
from model_monitoring.datamart.reviews import (
    agreement,
    choosing,
    describing,
    exporting,
    rules,
    tasks,
)
from model_monitoring.datamart.reviews.agreement import Agreement
from model_monitoring.datamart.reviews.rules import Rule
from model_monitoring.datamart.reviews.store import ReviewStore
from model_monitoring.datamart.tables.retyping import RETYPED
from model_monitoring.datamart.watched import Index, WatchedModel

# The settings of a rule that are part of its tasks' form; changing others doesn't change the form
SHOWN = ("template", "instructions", "low", "high", "prediction", "task_count", "label_field")


class CreateReport(NamedTuple):
    """What a call to `create` did.

    `tasks` and `rows` were created now. `already` counts chosen rows that were sent before.
    `reasons` counts the new rows by reason; a row may have several. `notes` say what couldn't be
    checked, and why, and what in the template isn't shown as intended.
    """

    tasks: int
    rows: int
    already: int
    reasons: dict[str, int]
    notes: list[str]


class Reviews:
    """Review of scored rows by people, across the subscriptions of a data mart."""

    def __init__(self, database: Database, boto_session: boto3.Session | None, index: Index):
        self._database = database
        self._boto_session = boto_session
        self._index = index

    def enable(
        self,
        subscription: WatchedModel | str,
        reviewers: Sequence[str],
        **settings: object,
    ) -> dict:
        """Set when people must look at a subscription's rows, and who they are.

        This replaces earlier settings. Tasks that already wait keep their form, but the new list
        says who may answer them.

        Args:
            subscription: a subscription or its name.
            reviewers: the names of those who may answer. If a row gets several answers, one more
                person is needed, who decides if the others differ.
            settings: settings of `Rule` that differ from its defaults.

        Raises:
            ValueError: the subscription, a name or a number is invalid, or the template has an
                error.
        """
        subscription = self._subscription(subscription)
        rule = Rule(**settings)
        if rule.template is None:
            rule = replace(rule, template=review.default_template())
        rules.keep(self._database, subscription, rule, rules.checked(subscription, rule, reviewers))
        return self.get_details(subscription)

    def disable(self, subscription: WatchedModel | str) -> None:
        """Make no more tasks for a subscription; those that wait can still be answered."""
        self._database.execute(
            "UPDATE review_rule SET enabled = false WHERE subscription_id = %s",
            [self._subscription(subscription).subscription_id],
        )

    def get_details(self, subscription: WatchedModel | str) -> dict:
        """Return the settings of `enable`, and the number of tasks by state."""
        identifier = self._subscription(subscription).subscription_id
        found = self._database.rows(
            "SELECT enabled, reviewers, parameters FROM review_rule WHERE subscription_id = %s",
            [identifier],
        )
        counts = self._database.rows(
            "SELECT state, count(*) AS tasks FROM review_task WHERE subscription_id = %s GROUP BY 1"
            " ORDER BY 1",
            [identifier],
        )
        rule = found[0] if found else {"enabled": False, "reviewers": [], "parameters": {}}
        return rule | {"tasks": {row["state"]: row["tasks"] for row in counts}}

    def create(
        self,
        subscription: WatchedModel | str,
        start: datetime | None = None,
        end: datetime | None = None,
    ) -> CreateReport:
        """Make tasks of the rows that a person must look at.

        It looks at the rows scored from `start` until before `end`, by default all. A row is sent
        once, with all its reasons, however often this is called, so a schedule may call it every
        hour.

        Raises:
            ValueError: review is off, there is no payload, the subscription's labels don't fit its
                table, or the template doesn't ask for a label in each row.
        """
        subscription = self._subscription(subscription)
        rule = rules.of(self._database, subscription)
        baseline = self._baseline(subscription)
        form = self._form(subscription, rule, baseline)
        chosen, notes = choosing.choose(subscription, rule, baseline, start, end)
        texts = {value: text for text, value in form["values"].items()}
        chosen["prediction"] = [texts.get(value) for value in chosen["prediction"].tolist()]
        new, warnings = self._database.run(
            lambda cursor: tasks.insert(cursor, subscription, form, chosen, rule.rows_per_task),
            once=True,
        )
        reasons = new["reasons"].explode().value_counts()
        return CreateReport(
            tasks=-(-len(new) // rule.rows_per_task),
            rows=len(new),
            already=len(chosen) - len(new),
            reasons={str(name): int(count) for name, count in reasons.items()},
            notes=[*notes, *(f"template: {warning}" for warning in warnings)],
        )

    def create_all(self) -> dict[str, CreateReport]:
        """Make the tasks of every reviewed subscription that has payload.

        Returns the reports by the subscription's name.
        """
        found = self._database.rows(
            "SELECT name FROM review_rule JOIN subscription USING (subscription_id) WHERE enabled"
            " AND EXISTS (SELECT FROM scoring_key k"
            " WHERE k.subscription_id = subscription.subscription_id) ORDER BY 1"
        )
        return {row["name"]: self.create(row["name"]) for row in found}

    def _baseline(self, subscription: WatchedModel) -> dict | None:
        found = self._database.rows(
            "SELECT content FROM baseline WHERE (subscription_id, monitor) = (%s, 'drift')"
            " AND NOT content ? %s ORDER BY created_at DESC LIMIT 1",
            [subscription.subscription_id, RETYPED],
        )
        return found[0]["content"] if found else None

    def _form(self, subscription: WatchedModel, rule: Rule, baseline: dict | None) -> dict:
        """Compose what all tasks under one rule and one baseline share."""
        asset = subscription.asset
        features, values = asset["feature_columns"], rules.labels(subscription, asset)
        return {name: getattr(rule, name) for name in SHOWN} | {
            "features": features,
            "values": values,
            "labels": list(values),
            "distributions": describing.distributions(
                baseline and baseline["statistics"], features
            ),
        }

    def list(self, state: str | None = None, limit: int = 1000) -> pd.DataFrame:
        """List tasks, newest first: all, or those in one state (open, completed, stopped)."""
        return tasks.listing(self._database, state, limit)

    def get(self, task_id: str) -> dict:
        """Return a task with its rows, what became of them, and each reviewer's answer.

        An answer is A2I's answerContent.

        Raises:
            ValueError: there is no such task.
        """
        return tasks.details(self._database, task_id)

    def stop(self, task_id: str) -> None:
        """Stop asking for answers to a task; the answers it has are kept, but decide nothing.

        Raises:
            ValueError: there is no such task, or it isn't open.
        """
        tasks.stop(self._database, task_id)

    def delete(self, task_id: str) -> None:
        """Delete a task with its answers.

        Labels that it added to the feedback stay, and `create` may send its rows again.

        Raises:
            ValueError: there is no such task.
        """
        tasks.delete(self._database, task_id)

    def queue(self) -> ReviewStore:
        """Return the queue that `review.create_site` serves."""
        return ReviewStore(self._database)

    def reviewers(self) -> Sequence[str]:
        """Return the names of all people who may answer tasks."""
        found = self._database.rows(
            "SELECT DISTINCT unnest(reviewers) AS name FROM review_rule ORDER BY 1"
        )
        return [row["name"] for row in found]

    def agreement(self, subscription: WatchedModel | str | None = None) -> Agreement:
        """Measure how far reviewers agree with each other and the model, and how long they take."""
        identifier = (
            None if subscription is None else self._subscription(subscription).subscription_id
        )
        return agreement.measure(self._database, identifier)

    def export(self, destination: str | Path) -> Sequence[str]:
        """Write each completed task's output.json, in A2I's format and layout.

        The destination is a folder or s3://bucket/prefix. Returns where the files are. Another call
        writes the same files.

        Raises:
            ValueError: the destination is in S3, and the data mart has no boto3 session.
        """
        return exporting.export(self._database, self._boto_session, destination)

    def _subscription(self, given: WatchedModel | str) -> WatchedModel:
        return given if isinstance(given, WatchedModel) else self._index.get(name=given)
