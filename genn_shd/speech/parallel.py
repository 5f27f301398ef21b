"""Run a function on many tasks in threads; compiled code and transforms release the interpreter's lock."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TypeVar

Task = TypeVar("Task")
Result = TypeVar("Result")


def run_in_parallel(
    work: Callable[[Task], Result], tasks: Iterable[Task], num_workers: int
) -> Iterator[tuple[Task, Result]]:
    """Run `work` on every task; yields (task, result) as results come, in any order.

    Tasks are taken one by one, at most one more at a time than there are workers. A caller that leaves early waits for
    the tasks that are running.
    """
    waiting, running = iter(tasks), dict[Future[Result], Task]()
    with ThreadPoolExecutor(num_workers) as workers:
        try:
            while True:
                for task in waiting:
                    running[workers.submit(work, task)] = task
                    if len(running) > num_workers:
                        break
                if not running:
                    return
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    yield running.pop(future), future.result()
        finally:
            workers.shutdown(cancel_futures=True)
