"""Data capture read event by event, whatever form each of them has."""

import base64
import csv
import io
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress

from model_monitoring.datamart.engines import sagemaker
from model_monitoring.datamart.entities import PayloadRecord
from model_monitoring.datamart.postgres.columns import BOOLEAN, NUMBER, TEXT
from model_monitoring.datamart.tables import tables


class Reader:
    """Reads captured events of one subscription (format: SageMaker developer guide, "Capture
    data").
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
            ValueError: the input or the output was not captured or can't be read, or the event has
                no id or time.
        """
        try:
            return self._record(json.loads(line))
        except RecursionError:
            raise ValueError("lists within lists, too deep to be read") from None
        except (LookupError, TypeError, AttributeError, csv.Error) as error:
            raise ValueError(f"not an event as data capture writes it: {error!r}") from None

    def _record(self, event: Mapping) -> PayloadRecord:
        captured, about = event["captureData"], event["eventMetadata"]
        if "endpointInput" not in captured or "endpointOutput" not in captured:
            raise ValueError("input and output were not both captured")
        scoring_id, time = about.get("inferenceId") or about["eventId"], about["inferenceTime"]
        # A fresh id or time would make the event another one each time
        if scoring_id is None or time is None:
            raise ValueError("the event has no eventId or no inferenceTime")
        fields, rows = self._request(*_content(captured["endpointInput"]))
        if not rows:
            raise ValueError("the request has no rows")
        answers = sagemaker.read_answer(*_content(captured["endpointOutput"]), len(rows))
        answered = [sagemaker.outputs_of(answer, self._outputs, self._asset) for answer in answers]
        request, response = (
            {"fields": fields, "values": rows},
            {"fields": self._outputs, "values": answered},
        )
        return PayloadRecord(request, response, scoring_id, time)

    def _request(self, kind: str, text: str) -> tuple[Sequence[str], list[list]]:
        """Read a request: CSV in the features' order; JSON as instances, features, fields and
        values, or by name.
        """
        if "json" not in kind:
            return self._features, [
                self._cells(row) for row in csv.reader(io.StringIO(text, newline="")) if row
            ]
        content = sagemaker.read_json(text)
        if isinstance(content, dict) and "fields" in content:
            return content["fields"], content["values"]
        content = content.get("instances", content) if isinstance(content, dict) else content
        many = isinstance(content, list) and all(isinstance(row, dict | list) for row in content)
        rows = content if many else [content]
        rows = [
            row["features"] if isinstance(row, dict) and set(row) == {"features"} else row
            for row in rows
        ]
        if rows and isinstance(rows[0], dict):
            return list(rows[0]), [[row[name] for name in rows[0]] for row in rows]
        return self._features, rows

    def _cells(self, row: list[str]) -> list:
        """Turn CSV's text into values of the columns' types; without a table yet, into numbers
        where they look so.
        """
        if len(row) != len(self._features):
            raise ValueError(f"{len(row)} values for {len(self._features)} features")
        if self._all_numbers:
            with suppress(ValueError):
                return list(map(float, row))
        return [_cell(text, kind) for text, kind in zip(row, self._types, strict=True)]


def _content(side: Mapping) -> tuple[str, str]:
    """Return the kind of a captured body, and the body as text."""
    if side["encoding"] == "BASE64":
        kind = side.get("observedContentType") or ""
        return kind.lower(), base64.b64decode(side["data"], validate=True).decode()
    return {"CSV": "text/csv", "JSON": "application/json"}[side["encoding"]], side["data"]


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
