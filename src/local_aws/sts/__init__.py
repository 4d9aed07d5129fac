"""moto's STS, with credentials that can't be guessed."""
