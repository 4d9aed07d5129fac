"""Notebook 02: numbers in its prose that are no results."""

FACTS = {
    'We take 0.5': 'a choice, made here',
    'so the "60% malignant" that it reported': "AWS's walkthrough",
}
