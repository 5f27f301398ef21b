"""Workers, which execute runs. The planner submits jobs to them and receives events.

base         jobs, events, and the interface of workers
job          execution of a job, by any kind of worker
in_process   one after another, in a thread of this process
processes    in processes of this machine
dask_cluster on a Dask cluster
slurm        on a Dask cluster whose workers are Slurm jobs
"""
