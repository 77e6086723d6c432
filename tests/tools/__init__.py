"""Tools that people have, run for real against a real server."""
