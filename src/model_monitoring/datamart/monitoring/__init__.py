"""The monitors of a subscription: enabled once, run repeatedly, keeping what they measured."""
