"""Tests of calls and rooms."""
