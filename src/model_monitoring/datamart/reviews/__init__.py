"""Review by people: which scored rows wait for whom, and how answers become labels."""

from model_monitoring.datamart.reviews.mart import CreateReport, Reviews
from model_monitoring.datamart.reviews.store import ReviewStore

__all__ = ["CreateReport", "ReviewStore", "Reviews"]
