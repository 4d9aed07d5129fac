"""Notebook 01: numbers in its prose that are no results."""

FACTS = {
    'described by 30 measurements': 'data/README.md',
    'each three times': 'data/README.md: mean, error and worst',
    'the mean of the three largest': 'data/README.md',
}
