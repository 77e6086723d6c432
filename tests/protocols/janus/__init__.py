"""Tests for L{comet.protocols.janus}."""
