"""Tests of comet."""
