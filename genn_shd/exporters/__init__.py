"""Trained networks as files that run without this package: one module a format."""
