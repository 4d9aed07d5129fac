"""The monitors of a subscription: each is enabled once, run as often as one likes, and keeps what
it measured.
"""
