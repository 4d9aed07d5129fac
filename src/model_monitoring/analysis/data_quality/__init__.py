"""Data quality and drift: profiles, constraints, violations, comparisons with a baseline; in Model
Monitor's files.
"""
