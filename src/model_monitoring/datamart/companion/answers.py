"""The companion's outputs in the original's payload, as columns that no request has to contain."""

import numpy as np
import pandas as pd
from psycopg2 import sql

from model_monitoring.datamart.postgres.columns import INTEGER, NUMBER, Values, check
from model_monitoring.datamart.postgres.copying import SHORT_INTEGER, copy_in
from model_monitoring.datamart.postgres.database import Cursor
from model_monitoring.datamart.tables import changing, tables
from model_monitoring.datamart.watched import WatchedModel

ROLE = "debiased"
PREDICTION, PROBABILITY = "debiased_prediction", "debiased_probability"


def add_columns(subscription: WatchedModel) -> None:
    """Add the companion's columns to the payload, if they aren't there."""
    identity = {"id": subscription.subscription_id}
    prediction = subscription.asset["prediction_column"]

    def work(cursor: Cursor) -> None:
        cursor.execute(changing.locking(exclusive=True), identity)
        table = tables.read(cursor, subscription.subscription_id)
        if table is None or table.of(ROLE):
            return
        predicted = table.named(prediction).type
        tables.drop_views(cursor, subscription.name)
        for name, kind in ((PREDICTION, predicted), (PROBABILITY, NUMBER)):
            changing.add_column(cursor, table, name, ROLE, kind)
            table = tables.read(cursor, subscription.subscription_id)
        tables.create_views(cursor, table, subscription.name)

    subscription.database.run(work)


def store(subscription: WatchedModel, about: pd.DataFrame, answers: pd.DataFrame) -> None:
    """Store the companion's outputs beside their rows; `about` has record_id and row_number."""
    columns = {column.name: column for column in subscription.table().of(ROLE)}
    values = {
        n: check(columns[n], answers[n].tolist(), lambda row: about["scoring_id"].iloc[row])
        for n in columns
    }
    written = {
        "record_id": (INTEGER, Values(about["record_id"].to_numpy(np.int64))),
        "row_number": (SHORT_INTEGER, Values(about["row_number"].to_numpy(np.int64))),
        "prediction": (columns[PREDICTION].type, values[PREDICTION]),
        "probability": (NUMBER, values[PROBABILITY]),
    }
    names = {
        "payload": sql.Identifier(f"payload_{subscription.subscription_id}"),
        "prediction": sql.Identifier(columns[PREDICTION].column_name),
        "probability": sql.Identifier(columns[PROBABILITY].column_name),
        "type": sql.SQL(columns[PREDICTION].type),
        "first": sql.Literal(int(about["record_id"].min())),
        "last": sql.Literal(int(about["record_id"].max())),
    }
    table = """CREATE TEMPORARY TABLE arriving_answer
        (record_id bigint, row_number integer, prediction {type}, probability double precision)
            ON COMMIT DROP"""
    update = """UPDATE {payload} p SET {prediction} = a.prediction, {probability} = a.probability
        FROM arriving_answer a WHERE p.record_id BETWEEN {first} AND {last}
        AND p.record_id = a.record_id AND p.row_number = a.row_number"""

    def work(cursor: Cursor) -> None:
        cursor.execute(sql.SQL(table).format(**names))
        copy_in(cursor, "arriving_answer", written)
        cursor.execute(sql.SQL(update).format(**names))

    subscription.database.run(work)
