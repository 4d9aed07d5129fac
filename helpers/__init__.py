"""Shared code of the tutorial's notebooks: thin, and layered as doc/architecture.md says."""
