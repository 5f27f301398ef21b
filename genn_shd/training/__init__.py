"""Training: data, model, samples, metrics, trainer, whole runs."""
