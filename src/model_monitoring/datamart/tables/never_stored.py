"""Removing columns that may not be kept from monitors and reviews, including training data."""

from collections.abc import Collection, Sequence

from psycopg2 import sql

from model_monitoring.datamart.postgres.database import Cursor
from model_monitoring.datamart.postgres.jsonb import as_json
from model_monitoring.datamart.tables import traces
from model_monitoring.datamart.tables.retyping import RETYPED


def erase_from_monitors(cursor: Cursor, subscription_id: int, names: Sequence[str]) -> None:
    """Remove columns from baselines, fairness monitoring and the details of all runs.

    For fairness monitoring, its measurements by these columns go too.
    """
    query = (
        "SELECT monitor, asset_revision, content FROM baseline"
        " WHERE subscription_id = %s AND NOT content ? %s"
    )
    cursor.execute(query, [subscription_id, RETYPED])
    for monitor, revision, content in cursor.fetchall():
        cursor.execute(
            "UPDATE baseline SET content = %s"
            " WHERE (subscription_id, monitor, asset_revision) = (%s, %s, %s)",
            [as_json(_baseline_without(content, names)), subscription_id, monitor, revision],
        )
    whose = {"id": sql.Literal(subscription_id), "names": sql.Literal(list(names))}
    # The runs of quality and performance only concern labels and times.
    runs = "r.subscription_id = {id} AND r.monitor NOT IN ('quality', 'performance')"
    traces.empty_runs(cursor, sql.SQL(runs).format(**whose))
    _erase_from_fairness(cursor, subscription_id, names)
    made = "c.subscription_id = {id} AND c.content->>'feature' = ANY({names})"
    traces.empty_companion(cursor, sql.SQL(made).format(**whose))


def _baseline_without(content: dict, names: Collection[str]) -> dict:
    """Remove columns from a drift baseline, and their values from an explanation's rows."""
    if "rows" in content:
        kept = [name not in names for name in content["columns"]]
        emptied = [
            [value if keep else None for value, keep in zip(row, kept, strict=True)]
            for row in content["rows"]
        ]
        return content | {"rows": emptied}
    files = {
        file: content[file]
        | {"features": [each for each in content[file]["features"] if each["name"] not in names]}
        for file in ("statistics", "constraints")
    }
    learned = content["consistency"]
    for kind in ("numeric", "categorical"):
        learned = learned | {
            kind: {name: about for name, about in learned[kind].items() if name not in names}
        }
    together = [each for each in learned["together"] if not {each[0], each[1]} & set(names)]
    ranges = [each for each in learned["ranges"] if not {each[0], each[2]} & set(names)]
    return content | files | {"consistency": learned | {"together": together, "ranges": ranges}}


def _erase_from_fairness(cursor: Cursor, subscription_id: int, names: Collection[str]) -> None:
    """Stop comparing groups by these columns, and erase what names them.

    Groups are named after values of the columns, in settings, slices and alerts.
    """
    identity = [subscription_id, "fairness"]
    cursor.execute(
        "SELECT parameters FROM monitor WHERE (subscription_id, monitor) = (%s, %s)", identity
    )
    for (parameters,) in cursor.fetchall():
        kept = _groups_without(parameters, names)
        cursor.execute(
            "UPDATE monitor SET parameters = %s, enabled = enabled AND %s"
            " WHERE (subscription_id, monitor) = (%s, %s)",
            [as_json(kept), bool(kept["features"]), *identity],
        )
    cursor.execute(
        "UPDATE run SET details = details #- '{parameters}'"
        " WHERE (subscription_id, monitor) = (%s, %s)",
        identity,
    )
    for table in ("alert", "measurement"):
        cursor.execute(
            f"DELETE FROM {table} WHERE (subscription_id, monitor) = (%s, %s) AND EXISTS (SELECT"
            " FROM unnest(%s) n"
            " WHERE starts_with(slice, n || ': ') OR starts_with(slice, n || ' & ')"
            " OR strpos(slice, ' & ' || n || ': ') > 0 OR strpos(slice, ' & ' || n || ' & ') > 0)",
            [*identity, list(names)],
        )


def _groups_without(parameters: dict, names: Collection[str]) -> dict:
    companion, strata = parameters["companion"], parameters["group_variable"]
    return parameters | {
        "features": [feature for feature in parameters["features"] if feature["name"] not in names],
        "intersections": [
            crossed for crossed in parameters["intersections"] if not set(crossed) & set(names)
        ],
        "group_variable": None if strata in names else strata,
        "companion": None if companion and companion["feature"] in names else companion,
    }


def erase_from_reviews(cursor: Cursor, subscription_id: int, names: Sequence[str]) -> None:
    """Remove columns from what reviewers see, and erase what reviewers typed; labels stay.

    What they typed may quote the values.
    """
    which = {"id": subscription_id, "names": list(names)}
    cursor.execute(
        """UPDATE review_form SET digest = 'erased ' || form_id,
            content = content || jsonb_build_object('distributions', (content->'distributions') -
                %(names)s::text[])
            WHERE subscription_id = %(id)s AND content->'distributions' ?| %(names)s::text[];
        UPDATE review_claim SET draft = NULL
            WHERE task_id IN (SELECT task_id FROM review_task WHERE subscription_id = %(id)s);
        UPDATE review_answer SET content = NULL, first = NULL
            WHERE task_id IN (SELECT task_id FROM review_task WHERE subscription_id = %(id)s);
        UPDATE review_label SET reason = NULL
            WHERE task_id IN (SELECT task_id FROM review_task WHERE subscription_id = %(id)s)""",
        which,
    )
