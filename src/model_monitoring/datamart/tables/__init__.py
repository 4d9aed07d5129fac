"""A subscription's tables: created, partitioned, changed, erased."""
