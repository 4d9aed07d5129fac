"""Payload and feedback: read, checked, and written once."""
