"""The auditory periphery: chains of nonlinear neurons that hear a continuous signal, as generated code."""
