"""The history of one slice of a metric is read from an index.

The measurements of other slices aren't read.
"""

from .conftest import small_record


def test_the_history_of_one_feature_among_thirty(small, query):
    small.payload_logging.store([small_record()])
    small.performance_monitoring.enable()
    run_uid = small.performance_monitoring.run()["run_uid"]
    schema, identifier = small.database.schema, small.subscription_id
    query(
        f"INSERT INTO {schema}.run SELECT gen_random_uuid(), subscription_id, monitor, state,"
        f" started - n * interval '1 hour' FROM {schema}.run, generate_series(1, 400) n"
        " WHERE run_uid = %s",
        run_uid,
    )
    query(
        f"INSERT INTO {schema}.measurement (run_uid, subscription_id, monitor, metric, slice, ts,"
        " value, records) SELECT run_uid, subscription_id, 'drift', 'drift_distance',"
        " 'feature ' || f, started, random(), 50"
        f" FROM {schema}.run, generate_series(1, 30) f; ANALYZE {schema}.measurement"
    )
    plan = query(
        f"EXPLAIN (ANALYZE, COSTS OFF) SELECT ts, value FROM {schema}.measurement"
        f" WHERE (subscription_id, monitor, metric, slice) = ({identifier}, 'drift',"
        " 'drift_distance', 'feature 7') ORDER BY ts DESC LIMIT 300"
    )
    lines = "\n".join(line for (line,) in plan)
    condition = next(line for line in lines.splitlines() if "Index Cond" in line)
    assert "measurement_history" in lines and "slice = 'feature 7'" in condition, lines
    assert "Rows Removed" not in lines, lines
