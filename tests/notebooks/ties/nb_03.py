"""Notebook 03: numbers in its prose that are no results."""

FACTS = {
    'safe to set up twice': 'section 3.1: setup() again changes nothing',
}
