"""Notebook 00: numbers in its prose that are no results."""

FACTS = {
    "[10 minutes to pandas]": "the name of a page",
}
