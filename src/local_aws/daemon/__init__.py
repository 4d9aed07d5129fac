"""Starting and asking the server, without importing it."""
