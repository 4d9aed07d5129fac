"""The state that survives a restart, and where it is kept."""
