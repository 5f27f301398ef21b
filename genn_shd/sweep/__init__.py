"""Sweeps: many trainings over a space of settings. They can be interrupted and resumed; results are in a SQLite file.

    python -m genn_shd.sweep sweeps/NAME.toml

sweep_file   the schema of sweep files
space        parameters of the space, and the settings that they change
plan         checks a sweep file and makes trials and runs of it
strategies/  choose the next trial: grid, random, list, Bayesian
objective    the value of a trial
stopping     early stopping of bad runs
state        the SQLite file, written by the planner; `reading` reads it
workers/     execute runs: in this process, in processes, on a Dask cluster, on Slurm
training     the function that a run executes
planner      the main loop, with `trial_supply`, `runs_under_way`, `event_handler`, `trial_closer`
status       the progress of a sweep, as text
command      the command line

A **trial** is one point of the space. A **run** is one training of a trial, with one seed and one fold.
"""
