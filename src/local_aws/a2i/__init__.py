"""Amazon Augmented AI: work teams, flow definitions, human loops, and the workers' portal."""
