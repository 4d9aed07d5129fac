"""Notebook 01: numbers in its prose that are no results."""

FACTS = {
    "load 569 breast-cancer cases": "data/README.md; the cell that loads says so",
    "set a fifth of them aside": "test_size",
    "A fifth of the cases is set aside": "test_size",
    "held out a fifth of the cases": "test_size",
    'described by 30 measurements': 'data/README.md',
    'each three times': 'data/README.md: mean, error and worst',
    'the mean of the three largest': 'data/README.md',
}
