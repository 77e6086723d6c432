"""CometQL: SQL text in, plans that act on the broker, rows out."""
