"""A de-biased companion: found on labelled rows, run beside a model."""
