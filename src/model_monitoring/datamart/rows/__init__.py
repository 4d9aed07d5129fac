"""The one reader of scored rows, for all code that measures, shows or reviews them."""
