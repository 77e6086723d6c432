"""Tests of the load of comet bench."""
