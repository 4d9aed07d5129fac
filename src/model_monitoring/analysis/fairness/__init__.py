"""Fairness: groups, metrics, perturbation, findings, and the rule of a de-biased companion."""
