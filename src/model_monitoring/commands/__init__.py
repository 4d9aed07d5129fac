"""What the one command does, a file each; `model_monitoring.__main__` reads its arguments."""
