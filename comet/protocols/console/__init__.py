"""The web console: a page for administrators, and what it asks of the server."""
