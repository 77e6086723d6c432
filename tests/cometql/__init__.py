"""Tests of comet.cometql."""
