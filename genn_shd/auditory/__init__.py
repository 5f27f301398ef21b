"""The auditory periphery: stages of neurons that a continuous signal drives, simulated by generated code."""
