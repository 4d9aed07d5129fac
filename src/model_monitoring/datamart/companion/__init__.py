"""The de-biased companion of a subscription: made, deployed beside the original, asked about its
traffic.
"""
