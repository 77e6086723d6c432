"""The wires: MySQL for backends, WebSocket and HTTP for browsers."""
