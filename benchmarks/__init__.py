"""Side-by-side measurements, one script a question. `python -m benchmarks --list` says which there are."""
