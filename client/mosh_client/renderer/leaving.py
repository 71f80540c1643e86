"""How the user asked to leave, and whether again: then nothing is waited for."""

from __future__ import annotations


class Leaving:
    """Ending the session, or detaching from it."""

    def __init__(self) -> None:
        self.quit_asked = False  # in any way
        self._quit_by_key = False
        self._detach_asked = False
        self.insisted = False  # it was asked for again: the caller tells the launcher, should the others hang

    def quit_by_key(self) -> None:
        """The user asked to end the session."""
        self.insisted = self._quit_by_key
        self._quit_by_key = self.quit_asked = True

    def quit_otherwise(self) -> bool:
        """Take a signal, or that the terminal hung up; return whether that is news."""
        news = not self.quit_asked
        self.quit_asked = True
        return news

    def detach(self) -> bool:
        """The user asked to detach; return False if the session is being ended already."""
        if self.quit_asked:
            return False
        self.insisted = self._detach_asked
        self._detach_asked = True
        return True
