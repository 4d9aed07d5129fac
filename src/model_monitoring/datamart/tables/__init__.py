"""A subscription's tables: made, partitioned, changed, erased."""
