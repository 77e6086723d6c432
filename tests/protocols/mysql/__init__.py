"""Tests of the MySQL port."""
