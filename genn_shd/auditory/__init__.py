"""The auditory periphery: chains of nonlinear neurons driven by a continuous signal, as generated code."""
