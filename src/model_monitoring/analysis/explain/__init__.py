"""Explanations: what counted in one answer, and what would have changed it."""
