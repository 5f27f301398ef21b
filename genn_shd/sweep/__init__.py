"""Sweeps: many trainings over a space of settings, planned, run, resumed and kept in one SQLite file.

    python -m genn_shd.sweep sweeps/NAME.toml

sweep_file   the schema of sweep files
space        parameters, and which settings they stand for
plan         sweep file + data set -> trials and runs, everything checked
strategies/  choose the next trial: grid, random, list, bayesian
objective    the value of a trial
stopping     finds hopeless runs
state        the SQLite file: written by the planner, read by anyone (`reading`)
workers/     run the runs: in this process, in processes, on a Dask cluster, on Slurm
training     the function that a run calls
planner      the loop that ties these together, with `trial_supply`, `runs_under_way`, `event_handler`, `trial_closer`
status       the sweep so far, as text
command      the command line

A **trial** is a point of the space. A **run** is one training of it: one seed, one fold.
"""
