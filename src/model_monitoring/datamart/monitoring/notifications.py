"""Alerts sent to an SNS topic, and measurements sent to CloudWatch, once their run is stored."""

import json
import re
import warnings
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache, partial

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from model_monitoring.datamart.engines.sagemaker import QUICK
from model_monitoring.datamart.monitoring.health import alerts as health
from model_monitoring.datamart.monitoring.health.states import UNHEALTHY, Health
from model_monitoring.datamart.postgres.database import Cursor, Database
from model_monitoring.datamart.postgres.texts import storable

TOPIC = re.compile(r"arn:aws[a-z-]*:sns:([a-z0-9-]+):\d{12}:[A-Za-z0-9_-]{1,256}")
NAMESPACE = re.compile(r"(?!AWS/)[A-Za-z0-9._/#:-]{1,255}")
AT_ONCE = 1000  # metrics in a call, which is CloudWatch's limit
LONGEST_SUBJECT, LONGEST_DIMENSION = 99, 1024  # characters, the limits of SNS and CloudWatch


class Notifications:
    """Where a data mart's alerts and measurements are sent, beside its own tables."""

    def __init__(self, database: Database, boto_session: boto3.Session | None):
        self._database = database
        self._boto_session = boto_session

    def enable(self, topic_arn: str | None = None, namespace: str | None = None) -> dict:
        """Send alerts to SNS as they open or close, and every measurement to CloudWatch.

        Settings that aren't given stay as they were. They are stored in the data mart and apply to
        all its subscriptions. The process that runs a monitor sends, with its own session. In
        CloudWatch, the metrics have their own names under `namespace`, with the dimensions
        Subscription and Monitor, and Slice if the metric is of a slice.

        Raises:
            ValueError: the ARN isn't that of a standard topic, or CloudWatch doesn't allow the
                namespace.
        """
        if topic_arn is not None and not TOPIC.fullmatch(topic_arn):
            raise ValueError(
                f"topic_arn {topic_arn!r} is not the ARN of a standard SNS topic:"
                " arn:aws:sns:...:name."
            )
        if namespace is not None and not NAMESPACE.fullmatch(namespace):
            raise ValueError(
                f"namespace {namespace!r} isn't allowed in CloudWatch: use up to 255 letters,"
                " digits and ._/#:- and don't begin with AWS/."
            )
        for kind, target in (("sns", topic_arn), ("cloudwatch", namespace)):
            if target is not None:
                self._database.execute(
                    "INSERT INTO channel (kind, target) VALUES (%s, %s)"
                    " ON CONFLICT (kind) DO UPDATE SET target = EXCLUDED.target",
                    [kind, target],
                )
        return self.get_details()

    def disable(self) -> None:
        """Stop sending."""
        self._database.execute("DELETE FROM channel")

    def get_details(self) -> dict:
        """Return the settings by kind (sns, cloudwatch).

        They are the target, the time since when it is set and, if the last attempt failed, the
        reason.
        """
        found = self._database.rows(
            "SELECT kind, target, since, last_error FROM channel ORDER BY kind"
        )
        return {channel.pop("kind"): channel for channel in found}

    def send(self) -> None:
        """Look at the health of every monitor, and send what is due.

        Every run of a monitor does so at its end. See `tell`.
        """
        tell(self._database, self._boto_session)


def tell(
    database: Database, session: boto3.Session | None, subscription_id: int | None = None
) -> None:
    """Settle the alerts on the health of monitors, and send what wasn't sent yet.

    It is the health of the monitors of one subscription, or of all.

    AWS's refusals stop no run: one is noted with its channel and warned of, and what is left is
    sent by the next run. Each message is sent once, unless the process or the database dies between
    sending it and noting so.
    """
    found = health.settle(database, subscription_id)
    for channel in _channels(database):
        _send(database, session, channel, found if subscription_id is None else ())


def publish(database: Database, session: boto3.Session) -> None:
    """Send the alerts that weren't sent yet, for somebody who looks at them.

    Where the last attempt failed, only the next run tries again: nobody waits for it twice.
    """
    for channel in _channels(database):
        if channel["kind"] == "sns" and channel["last_error"] is None:
            _send(database, session, channel)


def _channels(database: Database) -> list[dict]:
    return database.rows("SELECT kind, target, since, last_error FROM channel")


def _send(
    database: Database,
    session: boto3.Session | None,
    channel: Mapping,
    found: Sequence[Health] = (),
) -> None:
    """Send to one channel what it wasn't sent yet; `found` is the health of all monitors."""
    sender = {"sns": _publish_next_alert, "cloudwatch": _put_next_run}[channel["kind"]]
    # It is created only if there is something to send
    client = cache(partial(_client, session, channel))
    problem = None
    try:
        while database.run(partial(sender, client=client, channel=channel)):
            pass
        if channel["kind"] == "cloudwatch" and found:
            _put_health(client, channel, found)
    except (BotoCoreError, ClientError, ValueError) as error:
        problem = storable(str(error))
        what = f"{channel['kind']} {channel['target']}"
        warnings.warn(
            f"Sending to {what} failed; the next run tries again: {problem}", stacklevel=3
        )
    if problem != channel["last_error"]:
        database.execute(
            "UPDATE channel SET last_error = %s WHERE kind = %s", [problem, channel["kind"]]
        )


def _client(session: boto3.Session | None, channel: Mapping):
    if session is None:
        raise ValueError("sending needs a session, DataMart(url, boto_session=...)")
    topic = TOPIC.fullmatch(channel["target"])
    return session.client(channel["kind"], region_name=topic[1] if topic else None, config=QUICK)


def _publish_next_alert(cursor: Cursor, client: Callable, channel: Mapping) -> bool:
    """Publish the oldest change of an alert that wasn't published; return whether there was one.

    The alert stays locked meanwhile, and others' locked ones are passed over, so that two runs
    never publish the same.
    """
    cursor.execute(
        "SELECT CASE WHEN a.opened_sent IS NULL AND a.opened_at >= %(since)s THEN 'opened'"
        " ELSE 'closed' END AS event, a.alert_id, s.name AS subscription, a.monitor, a.metric,"
        " a.slice, a.value, a.lower_limit, a.upper_limit, a.opened_at, a.opened_because,"
        " a.closed_at, a.closed_because,"
        " current_schema() AS data_mart FROM alert a JOIN subscription s USING (subscription_id)"
        " WHERE (a.opened_sent IS NULL AND a.opened_at >= %(since)s)"
        " OR (a.closed_sent IS NULL AND a.closed_at >= %(since)s) ORDER BY a.alert_id LIMIT 1"
        " FOR UPDATE OF a SKIP LOCKED",
        {"since": channel["since"]},
    )
    if not (row := cursor.fetchone()):
        return False
    alert = dict(zip([column.name for column in cursor.description], row, strict=True))
    if alert["event"] == "opened":
        alert["closed_at"] = alert["closed_because"] = None  # sent in a message of its own
    what = f"{alert['subscription']}, {alert['metric']} {alert['slice']}".rstrip()
    if alert["metric"] == health.METRIC:
        what = f"{alert['subscription']}, {alert['monitor']} is {alert['slice']}"
    subject = f"Alert {alert['event']}: {what}"
    client().publish(
        TopicArn=channel["target"],
        Subject=_ascii(subject)[:LONGEST_SUBJECT],
        Message=json.dumps(alert, default=str, indent=2),
        MessageAttributes={
            name: {"DataType": "String", "StringValue": _ascii(alert[name])}
            for name in ("event", "subscription", "monitor", "metric")
        },
    )
    sent = {"opened": "opened_sent", "closed": "closed_sent"}[alert["event"]]
    cursor.execute(f"UPDATE alert SET {sent} = now() WHERE alert_id = %s", [alert["alert_id"]])
    return True


def _put_next_run(cursor: Cursor, client: Callable, channel: Mapping) -> bool:
    """Put the measurements of the oldest run whose weren't; return whether there was one.

    CloudWatch takes nothing that is older than two weeks.
    """
    cursor.execute(
        "SELECT run_uid FROM run WHERE metrics_sent IS NULL AND state = 'finished'"
        " AND finished >= greatest(%s, now() - interval '13 days') ORDER BY finished LIMIT 1 FOR"
        " UPDATE SKIP LOCKED",
        [channel["since"]],
    )
    if not (run := cursor.fetchone()):
        return False
    cursor.execute(
        "SELECT s.name, m.monitor, m.metric, m.slice, m.value, m.ts FROM measurement m"
        " JOIN subscription s USING (subscription_id) WHERE run_uid = %s AND abs(value) <= 1e108",
        run,
    )
    data = [_datum(*row) for row in cursor.fetchall()]
    for begin in range(0, len(data), AT_ONCE):
        client().put_metric_data(
            Namespace=channel["target"], MetricData=data[begin : begin + AT_ONCE]
        )
    cursor.execute("UPDATE run SET metrics_sent = now() WHERE run_uid = %s", run)
    return True


def _put_health(client: Callable, channel: Mapping, found: Sequence[Health]) -> None:
    """Put how many monitors of each subscription a person must look at."""
    counts: Counter[str] = Counter()
    for one in found:
        counts[one.subscription] += one.state in UNHEALTHY
    now = datetime.now(UTC)
    data = [_datum(name, None, "unhealthy_monitors", "", n, now) for name, n in counts.items()]
    for begin in range(0, len(data), AT_ONCE):
        client().put_metric_data(
            Namespace=channel["target"], MetricData=data[begin : begin + AT_ONCE]
        )


def _datum(
    subscription: str, monitor: str | None, metric: str, slice: str, value: float, ts: object
) -> dict:
    dimensions = {"Subscription": subscription, "Monitor": monitor, "Slice": slice}
    return {
        "MetricName": metric,
        "Dimensions": [
            {"Name": k, "Value": _ascii(v)[:LONGEST_DIMENSION]} for k, v in dimensions.items() if v
        ],
        "Value": value,
        "Timestamp": ts,
    }


def _ascii(text: str) -> str:
    """Write what AWS's names can't hold (control and non-ASCII characters) as escapes."""
    return text.encode("unicode_escape").decode()
