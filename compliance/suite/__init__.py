"""A WebSocket client that does what no other would, and a list of what to do with it."""
