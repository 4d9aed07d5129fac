"""Code that the tutorial's notebooks share; doc/architecture.md describes its layers."""
