"""Data capture read event by event, whatever form each event has."""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress

from model_monitoring.analysis.files import forms
from model_monitoring.datamart.engines import sagemaker
from model_monitoring.datamart.entities import PayloadRecord
from model_monitoring.datamart.postgres.columns import BOOLEAN, NUMBER, TEXT
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
        types = {column.name: column.type for column in table.of("feature")} if table else {}
        self._types = [types.get(name) for name in self._features]
        self._all_numbers = set(self._types) == {NUMBER}

    def record(self, line: bytes) -> PayloadRecord:
        """Read one event.

        Raises:
            ValueError: the input or the output wasn't captured or can't be read, or the event has
                no id or time.
        """
        try:
            return self._record(json.loads(line))
        except RecursionError:
            raise ValueError("its JSON is nested too deeply") from None
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
        fields, rows = self._request(*forms.read_side(captured["endpointInput"]))
        if not rows:
            raise ValueError("the request has no rows")
        answers = sagemaker.read_answer(*forms.read_side(captured["endpointOutput"]), len(rows))
        answered = [sagemaker.outputs_of(answer, self._outputs, self._asset) for answer in answers]
        request, response = (
            {"fields": fields, "values": rows},
            {"fields": self._outputs, "values": answered},
        )
        return PayloadRecord(request, response, scoring_id, time)

    def _request(self, kind: forms.Kind, text: str) -> tuple[Sequence[str], list[list]]:
        """Read a request: values in the features' order, or by name."""
        rows = forms.read_rows(kind, text)
        if kind == "CSV":
            return self._features, [self._cells(row) for row in rows]
        if rows and isinstance(rows[0], dict):
            return list(rows[0]), [[row[name] for name in rows[0]] for row in rows]
        width = len(self._features)
        if len(rows) == width > 1 and all(isinstance(row, list) and len(row) == 1 for row in rows):
            # One row, whose values look like rows of one value each
            return self._features, [[row[0] for row in rows]]
        return self._features, rows

    def _cells(self, row: list[str]) -> list:
        """Turn the cells of a CSV row into values of the columns' types.

        Before the table exists, cells that look like numbers become numbers.
        """
        if len(row) != len(self._features):
            raise ValueError(f"{len(row)} values for {len(self._features)} features")
        if self._all_numbers:
            with suppress(ValueError):
                return list(map(float, row))
        return [_cell(text, kind) for text, kind in zip(row, self._types, strict=True)]


def _cell(text: str, kind: str | None) -> object:
    if text == "":
        return None
    if kind == TEXT:
        return text
    if kind == BOOLEAN:
        return {"true": True, "1": True, "false": False, "0": False}.get(text.lower(), text)
    try:
        return float(text)
    except ValueError:
        return text
