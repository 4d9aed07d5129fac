"""What the one command does, one file each; `model_monitoring.__main__` reads its arguments."""
