"""Workers, which run the runs. The planner gives them jobs and hears of these by events; it knows no more of either.

base         jobs, events, and what workers are
job          what any worker does with a job
in_process   one after another, in a thread of this process
processes    in processes of this machine
dask         on a Dask cluster
slurm        a Dask cluster whose workers are jobs of Slurm
"""
