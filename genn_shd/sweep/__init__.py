"""Sweeps: many trainings over a space of settings, planned, run, resumed and kept in one SQLite file.

    python -m genn_shd.sweep sweeps/NAME.toml

sweep_file   what a sweep file may say
space        parameters, and which settings they stand for
plan         sweep file + data set -> trials and runs, everything checked
strategies/  which trial comes next: grid, random, list, bayesian
objective    what a trial is worth
stopping     which runs are hopeless
state        the SQLite file: written by the planner, read by anyone (`reading`)
workers/     where runs run: in this process, in processes, on a Dask cluster, on Slurm
training     what a run is
planner      the loop that ties these together
status       what there is so far, as text
command      the command line

A **trial** is a point of the space. A **run** is one training of it: one seed, one fold.
"""
