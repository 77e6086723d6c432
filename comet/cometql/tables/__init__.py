"""The tables of CometQL, each declared once."""
