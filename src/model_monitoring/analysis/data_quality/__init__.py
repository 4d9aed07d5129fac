"""Data quality and drift, in Model Monitor's files.

Profiles, constraints, violations, and comparisons with a baseline.
"""
