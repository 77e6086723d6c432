"""Tests for L{comet.protocols.api}."""
