"""Starting the server and sending requests to it, without importing it."""
