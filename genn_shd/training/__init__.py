"""Training: preparation of data and model, the trainer, callbacks, evaluation, and whole runs."""
