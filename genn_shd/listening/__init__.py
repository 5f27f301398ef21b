"""A trained network that hears sound: evidence over time, and its figure."""
