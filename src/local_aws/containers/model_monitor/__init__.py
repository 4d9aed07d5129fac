"""Model Monitor's two images: the analyzer, and the merger of labels."""
