"""comet: a real-time notification server that a site talks to in SQL."""

__version__ = "0.1.0"
