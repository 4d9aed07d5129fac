"""Review by people: which scored rows wait for whom, and what becomes of the answers."""

from helpers.datamart.reviews.mart import CreateReport, Reviews
from helpers.datamart.reviews.store import ReviewStore

__all__ = ["CreateReport", "ReviewStore", "Reviews"]
