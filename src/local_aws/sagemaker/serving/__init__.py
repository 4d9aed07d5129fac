"""Models behind endpoints: deployed, asked, captured, measured."""
