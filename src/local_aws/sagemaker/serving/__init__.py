"""Models behind endpoints: deployed, invoked, captured, measured."""
