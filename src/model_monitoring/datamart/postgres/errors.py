"""What the data mart raises beside ValueError."""

from collections.abc import Sequence


class DataMartError(RuntimeError):
    """The data mart can't be reached or isn't usable as it stands."""

    def _render_traceback_(self) -> list[str]:
        # Jupyter shows this in place of a traceback: what is wrong is around the code, not in it.
        return [f"DataMartError: {self}"]


class BusyError(DataMartError):
    """A lock or an answer of the data mart took too long: nothing was kept, and the same may be
    tried again later.
    """


class ConflictError(ValueError):
    """A scoring id that is stored already came again with other content."""

    def __init__(self, message: str, scoring_ids: Sequence[str]):
        super().__init__(message)
        self.scoring_ids = scoring_ids
