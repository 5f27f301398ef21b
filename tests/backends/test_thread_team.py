"""Threads that call a function together go on after an interrupt, wherever it comes."""

import itertools
import sys
import threading

from genn_shd.backends.native.threads import ThreadTeam

SIZE = 3


class Meeting:
    """Work that waits until all threads of a team are here; further calls return at once, as those of the library."""

    def __init__(self):
        self._numbers, self._barrier = itertools.count(), threading.Barrier(SIZE)

    def __call__(self):
        if next(self._numbers) < SIZE:
            self._barrier.wait()


class Interrupter:
    """Raises one interrupt at event `place` of those that Python traces while a team calls its helpers."""

    def __init__(self, team, place):
        self._left, self._call_helpers, self.has_raised = place, team._call_helpers, False
        team._call_helpers = self

    def __call__(self, work):
        sys.settrace(self._trace)
        try:
            self._call_helpers(work)
        finally:
            sys.settrace(None)

    def _trace(self, frame, event, argument):
        self._left -= 1
        if self._left < 0 and not self.has_raised:
            self.has_raised = True
            raise KeyboardInterrupt
        return self._trace


def interrupt_everywhere(places):
    for place in itertools.count():
        team = ThreadTeam(SIZE)
        interrupter = Interrupter(team, place)
        try:
            team.run(Meeting())
        except KeyboardInterrupt:
            team.run(Meeting())
        team.close()
        if not interrupter.has_raised:
            return
        places.append(place)


def test_an_interrupt_anywhere_leaves_the_team_usable():
    places = []
    thread = threading.Thread(target=interrupt_everywhere, args=[places], daemon=True)
    thread.start()
    thread.join(timeout=30.0)
    assert not thread.is_alive(), f"it waits for ever after an interrupt at place {len(places)}"
    assert len(places) > 10
