"""Objects that only one thread uses at a time, and that can be used in a forked process."""

from __future__ import annotations

import functools
import os
import threading
import weakref
from collections.abc import Callable
from typing import Any, ClassVar, Self, TypeVar

from ..errors import BackendError

Result = TypeVar("Result")

_TORN = (
    "this process was forked in the middle of a batch of this model, so its values are inconsistent here; compile the "
    "network again, or fork between batches."
)


class Exclusive:
    """An object that several threads may share: each call waits until the previous one has ended.

    Subclasses list the methods and properties that wait, also if they are overridden. The lock is released after an
    interrupt, because `with` is atomic for a lock of the interpreter.

    In a forked process the object can be used if `_enter_fork` succeeds; otherwise calls raise an error.
    """

    exclusive: ClassVar[tuple[str, ...]] = ()
    """Methods and properties that only one thread executes at a time."""
    ending: ClassVar[tuple[str, ...]] = ()
    """Further such methods, which do nothing in a forked process that cannot use the object."""

    _lock: threading.RLock
    _unusable: str

    def __new__(cls, *_: Any, **__: Any) -> Self:
        instance = super().__new__(cls)
        instance._lock, instance._unusable = threading.RLock(), ""
        _INSTANCES.add(instance)
        return instance

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        for names, wrap in ((cls.exclusive, _take_turns), (cls.ending, _take_turns_if_usable)):
            for name in vars(cls).keys() & set(names):
                member = vars(cls)[name]
                is_property = isinstance(member, property)
                setattr(cls, name, property(wrap(member.fget)) if is_property else wrap(member))

    def _enter_fork(self) -> str:
        """Recreate resources that a forked process does not inherit; return the reason if that is impossible, or ""."""
        return ""


def _take_turns(method: Callable[..., Result]) -> Callable[..., Result]:
    @functools.wraps(method)
    def in_turn(self: Exclusive, *arguments: Any, **named: Any) -> Result:
        with self._lock:
            if self._unusable:
                raise BackendError(self._unusable)
            return method(self, *arguments, **named)

    return in_turn


def _take_turns_if_usable(method: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(method)
    def in_turn(self: Exclusive, *arguments: Any, **named: Any) -> None:
        with self._lock:
            if not self._unusable:
                method(self, *arguments, **named)

    return in_turn


_INSTANCES: weakref.WeakSet[Exclusive] = weakref.WeakSet()
_KEPT: list[Exclusive] = []
"""Objects that a forked process cannot use, and so cannot free."""


def _enter_fork() -> None:
    """Replace the locks in a forked process, in which the threads that hold them do not exist."""
    for instance in list(_INSTANCES):
        is_whole = instance._lock.acquire(blocking=False)
        instance._lock = threading.RLock()
        instance._unusable = instance._unusable or (instance._enter_fork() if is_whole else _TORN)
        if instance._unusable:
            _KEPT.append(instance)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_enter_fork)
