"""Data capture read event by event, whatever form each event has."""

from collections.abc import Mapping, Sequence

from model_monitoring.analysis.files import bodies, json_bodies
from model_monitoring.analysis.wording import counted
from model_monitoring.datamart import contract
from model_monitoring.datamart.engines import responses
from model_monitoring.datamart.entities import PayloadRecord
from model_monitoring.datamart.postgres import coercing
from model_monitoring.datamart.postgres.wording import some
from model_monitoring.datamart.tables import tables


class Reader:
    """Reads captured events of one subscription.

    The SageMaker developer guide describes their format under "Capture data".
    """

    def __init__(self, asset: Mapping, table: tables.Table | None):
        outputs = [column.name for column in table.of("output")] if table else []
        self._asset, self._features = asset, asset["feature_columns"]
        self._outputs = outputs or [
            name for name in (asset["probability_column"], asset["prediction_column"]) if name
        ]
        self._types = [contract.column_type(asset, name) for name in self._features]

    def record(self, line: bytes) -> PayloadRecord:
        """Read one event.

        Raises:
            ValueError: the input or the output wasn't captured or can't be read, or the event has
                no id or time.
        """
        try:
            return self._record(json_bodies.load(line.decode()))
        except (LookupError, TypeError, AttributeError) as error:
            raise ValueError(f"not an event of data capture: {error!r}") from None

    def _record(self, event: Mapping) -> PayloadRecord:
        captured, about = event["captureData"], event["eventMetadata"]
        if "endpointInput" not in captured or "endpointOutput" not in captured:
            raise ValueError("input and output were not both captured")
        scoring_id, time = about.get("inferenceId") or about["eventId"], about["inferenceTime"]
        # With a new id or time, the event would be stored again each time
        if scoring_id is None or time is None:
            raise ValueError("the event has no eventId or no inferenceTime")
        request, answer = (
            bodies.read_side(captured[side]) for side in ("endpointInput", "endpointOutput")
        )
        asked, answers = bodies.read_exchange(request, answer, width=len(self._features))
        if not asked:
            raise ValueError("the request has no rows")
        fields, rows = self._request(request[0], asked)
        named = responses.named(answer[0], answers)
        answered = [responses.outputs_of(one, self._outputs, self._asset) for one in named]
        request, response = (
            {"fields": fields, "values": rows},
            {"fields": self._outputs, "values": answered},
        )
        return PayloadRecord(request, response, scoring_id, time)

    def _request(
        self, kind: bodies.Kind, rows: list[bodies.Row]
    ) -> tuple[Sequence[str], list[list]]:
        """Return a request's fields and rows: values in the features' order, or by name."""
        if kind != "JSON":
            return self._features, [self._cells(row) for row in rows]
        if rows and isinstance(rows[0], dict):
            return list(rows[0]), [_in_order(row, list(rows[0])) for row in rows]
        return self._features, rows

    def _cells(self, row: list[str | None]) -> list:
        """Read a row of CSV by the features' types."""
        if len(row) != len(self._features):
            raise ValueError(
                f"{counted(len(row), 'value')} for {counted(len(self._features), 'feature')}"
            )
        return [coercing.parsed(cell, kind) for cell, kind in zip(row, self._types, strict=True)]


def _in_order(row: Mapping, names: list[str]) -> list:
    """Return the values of a row that has these fields, and no other."""
    if set(row) != set(names):
        raise ValueError(f"rows have other fields: {some(sorted(row))}, and {some(sorted(names))}")
    return [row[name] for name in names]
