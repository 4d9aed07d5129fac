"""moto's STS, its credentials drawn so that they can't be guessed."""
