"""Calls and rooms: who rings whom, who sits where, and what browsers tell each other before media flows."""
