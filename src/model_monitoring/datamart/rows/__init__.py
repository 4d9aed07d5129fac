"""The one reader of scored rows, for whatever measures, shows or reviews them."""
