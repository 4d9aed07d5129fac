"""Explanations: what mattered for one prediction, and what would have changed it."""
