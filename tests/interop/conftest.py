"""Sessions that the interop scenarios share: one per pair and worker, replaced when a scenario left it unusable."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.support.parameters import pair_parameters
from tests.support.programs import ALL_PAIRS, Pair
from tests.support.terminal_session import MoshSession
from tests.support.tmux import Tmux


class SharedSession:
    """A session of one pair that outlives the test, unless the test broke it."""

    def __init__(self, pair: Pair, tmux: Tmux) -> None:
        self._pair = pair
        self._tmux = tmux
        self._session: MoshSession | None = None

    def fresh(self) -> MoshSession:
        """Return the session with an empty screen; a new one if the present one cannot be brought there."""
        if self._session is not None:
            try:
                self._session.begin_afresh()
                return self._session
            except AssertionError:  # the scenario that left it so has failed already; the next one starts clean
                self.drop()
        self._session = MoshSession(self._pair, self._tmux)
        self._session.begin_afresh()
        return self._session

    def drop(self) -> None:
        """End the session."""
        if self._session is not None:
            self._session.close()
            self._session = None


@pytest.fixture(scope="module", params=pair_parameters(ALL_PAIRS))
def pair(request: pytest.FixtureRequest) -> Pair:
    """Whose client talks to whose server."""
    chosen: Pair = request.param
    return chosen


@pytest.fixture(scope="module")
def shared_session(pair: Pair, tmux: Tmux) -> Iterator[SharedSession]:
    shared = SharedSession(pair, tmux)
    yield shared
    shared.drop()


@pytest.fixture
def session(shared_session: SharedSession, request: pytest.FixtureRequest) -> Iterator[MoshSession]:
    """A session at its prompt, in an empty window of 80 × 24; shared with other scenarios of the pair."""
    failed_before = request.session.testsfailed
    yield shared_session.fresh()
    if request.session.testsfailed > failed_before:
        shared_session.drop()
