"""What pages and REST show of a data mart, as queries."""
