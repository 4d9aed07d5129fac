"""The health of each monitor: whether it still watches, or is only silent.

`states` says it, the same for all channels; `alerts` opens and closes alerts on it.
"""
