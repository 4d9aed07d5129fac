"""PostgreSQL: connections, an embedded server, columns, COPY."""
