"""The progress of reviews by people: what waits, why it was sent, and the latest labels."""

from model_monitoring.datamart.postgres.database import Database

RECENT = 25  # labels listed


class ReviewProgress:
    """What the page about reviews shows."""

    def __init__(self, database: Database):
        self._database = database

    def queues(self) -> list[dict]:
        """Return each subscription that is reviewed, its reviewers, and its tasks by state."""
        return self._database.rows(
            """SELECT s.subscription_id, s.subscription_uid AS uid, s.name, g.enabled, g.reviewers,
                count(*) FILTER (WHERE t.state = 'open') AS waiting,
                count(*) FILTER (WHERE t.state = 'open' AND EXISTS (
                    SELECT FROM review_claim c
                    WHERE c.task_id = t.task_id AND c.expires_at > now())) AS held,
                count(*) FILTER (WHERE t.state = 'completed') AS completed,
                count(*) FILTER (WHERE t.state = 'stopped') AS stopped,
                min(t.created_at) FILTER (WHERE t.state = 'open') AS oldest
            FROM review_rule g
                JOIN subscription s USING (subscription_id)
                LEFT JOIN review_task t USING (subscription_id)
            GROUP BY s.subscription_id, g.subscription_id ORDER BY lower(s.name)"""
        )

    def reasons(self, subscription_id: int) -> list[dict]:
        """Return how many rows were sent for each reason, and how many of them wait.

        A row may have several reasons.
        """
        return self._database.rows(
            """SELECT reason, count(*) AS rows, count(*) FILTER (WHERE t.state = 'open') AS waiting
            FROM review_row r JOIN review_task t USING (task_id)
                CROSS JOIN unnest(r.reasons) reason
            WHERE r.subscription_id = %s GROUP BY 1 ORDER BY 2 DESC, 1""",
            [subscription_id],
        )

    def feedback(self, subscription_id: int) -> dict:
        """Return how many decided labels became feedback, were already there, or contradict it."""
        [counts] = self._database.rows(
            """SELECT count(*) FILTER (WHERE feedback = 'stored') AS stored,
                count(*) FILTER (WHERE feedback = 'there') AS there,
                count(*) FILTER (WHERE feedback = 'conflict') AS conflict
            FROM review_row WHERE subscription_id = %s""",
            [subscription_id],
        )
        return counts

    def recent(self, subscription_id: int) -> list[dict]:
        """Return the newest labels by reviewers, with the predicted and the decided label."""
        return self._database.rows(
            """SELECT a.submitted_at, a.reviewer,
                extract(epoch FROM a.submitted_at - a.accepted_at)::float8 AS seconds,
                r.scoring_id, r.prediction, l.first_label, l.label, l.reason,
                r.label AS decided, r.decided_by
            FROM review_answer a
                JOIN review_label l USING (task_id, reviewer)
                JOIN review_row r USING (task_id, position)
            WHERE r.subscription_id = %s ORDER BY a.submitted_at DESC, l.position LIMIT %s""",
            [subscription_id, RECENT],
        )
