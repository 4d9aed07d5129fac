"""Notebook 05: numbers in its prose that are no results."""

FACTS = {
    'one request of three patients': 'the cell below sends it',
}
