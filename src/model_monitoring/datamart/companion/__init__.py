"""The de-biased companion of a subscription: made, deployed beside the original, and called."""
