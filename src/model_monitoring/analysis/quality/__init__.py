"""Model quality: predictions against labels, and an estimate while labels are missing."""
