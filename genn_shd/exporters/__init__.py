"""Export of trained networks to files that run without this package: one module per format."""
