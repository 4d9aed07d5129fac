"""Notebook 09: numbers in its prose that are no results."""

FACTS = {
    'The other half of the explanation': 'no number',
    'Explain the training data twice': 'an instruction',
    'article 22 of the GDPR': 'the law',
}
