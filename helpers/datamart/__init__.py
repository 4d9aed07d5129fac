"""The data mart in PostgreSQL: what models were asked, what they answered, what was true, and how well they do."""

from helpers.datamart import server

__all__ = ["server"]
