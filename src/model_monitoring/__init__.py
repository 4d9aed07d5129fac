"""Monitor machine-learning models: a data mart, monitors, reviews by people, a console."""
