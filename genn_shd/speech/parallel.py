"""Run a function on many tasks in threads; compiled code and transforms release Python's interpreter lock."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TypeVar

Task = TypeVar("Task")
Result = TypeVar("Result")


def run_in_parallel(
    work: Callable[[Task], Result], tasks: Iterable[Task], num_workers: int
) -> Iterator[tuple[Task, Result]]:
    """Run `work` on every task; yield (task, result) in the order in which results are ready.

    At most one more task than there are workers is taken at a time. If the caller stops early, running tasks are
    completed first.
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
