"""The files of a training: its folder, checkpoints, progress and environment."""
