"""Helpers that several rooms share, each written once."""
