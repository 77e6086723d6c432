"""Tests of the way between the nodes."""
