"""Tests for L{comet.protocols.console}."""
