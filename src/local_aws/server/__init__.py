"""The server process and its HTTP side."""
