"""What the data mart raises besides ValueError."""

from collections.abc import Sequence


class DataMartError(RuntimeError):
    """The data mart can't be reached, or isn't usable in its present state.

    `url` is that of a PostgreSQL database:

    >>> from model_monitoring import DataMart, DataMartError
    >>> try:
    ...     DataMart(url, schema="not_made_yet").get_details()
    ... except DataMartError as error:
    ...     print(error)
    Schema 'not_made_yet' holds no data mart...
    """

    def _render_traceback_(self) -> list[str]:
        # Jupyter shows this instead of a traceback: the problem is outside the code.
        return [f"DataMartError: {self}"]


class BusyError(DataMartError):
    """A lock or a statement took too long. Nothing was kept; it may be tried again later."""


class DeletedError(ValueError):
    """A subscription was used after it had been deleted. Nothing was stored."""


class ConflictError(ValueError):
    """A scoring id that is already stored was sent again with other content.

    `subscription` is one of a data mart, for a model with one feature:

    >>> from model_monitoring import ConflictError, PayloadRecord
    >>> def record(size):
    ...     request = {"fields": ["size"], "values": [[size]]}
    ...     answer = {"fields": ["score", "predicted_label"], "values": [[0.9, 1]]}
    ...     return PayloadRecord(request, answer, scoring_id="order-1")
    >>> subscription.payload_logging.store([record(1.5)]).stored
    1
    >>> try:
    ...     subscription.payload_logging.store([record(2.5)])
    ... except ConflictError as error:
    ...     print(error.scoring_ids)
    ['order-1']
    """

    def __init__(self, message: str, scoring_ids: Sequence[str]):
        super().__init__(message)
        self.scoring_ids = scoring_ids
