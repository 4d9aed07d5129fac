"""Amazon Augmented AI: work teams, flow definitions, human loops and the portal on which workers
answer them.
"""
