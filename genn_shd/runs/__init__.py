"""The files of a run: folder, configuration, checkpoints, results and environment."""
