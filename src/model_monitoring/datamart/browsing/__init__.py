"""What the console's pages and REST API show of a data mart, read from its tables.

Every query is bounded by an index and a limit, so that pages stay fast even if the data mart is
large.
"""

from model_monitoring.datamart.browsing.history import History
from model_monitoring.datamart.browsing.overview import Overview
from model_monitoring.datamart.browsing.records import Records
from model_monitoring.datamart.browsing.reviews import ReviewProgress
from model_monitoring.datamart.browsing.runs import Runs
from model_monitoring.datamart.postgres.database import Database

__all__ = ["Browsing"]


class Browsing:
    """All that can be read from a data mart, by page: `mart.browsing.overview.monitors()`."""

    def __init__(self, database: Database):
        self.overview = Overview(database)
        self.runs = Runs(database)
        self.history = History(database)
        self.records = Records(database)
        self.reviews = ReviewProgress(database)
