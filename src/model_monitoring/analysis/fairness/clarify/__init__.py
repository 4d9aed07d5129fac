"""Clarify's documents: the analysis, and bias drift."""
