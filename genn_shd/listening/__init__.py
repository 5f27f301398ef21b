"""Classify sound with a trained network: probabilities of words over time, and their figure."""
