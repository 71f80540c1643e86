"""Who is to blame: the three errors that leave a module on purpose, and what may be told of any other.

Must not import anything of this project. Everything else that is raised is a bug.
"""

from __future__ import annotations


class MoshError(Exception):
    """Base of the errors below, for a process's outermost handler."""


class PeerError(MoshError):
    """The other side sent something that the protocol does not allow.

    The caller drops what it came in, counts it and goes on. The only error that functions which
    digest a peer's bytes may raise. The message gives the value seen and the one expected; never key
    material.
    """


class ProtocolVersionError(PeerError):
    """The other side speaks another version of the protocol; ends the session with a clear message."""


class UsageError(MoshError):
    """Our own caller (or the user's command line) broke the contract; the message says how to keep it."""


class EnvironmentFailure(MoshError):
    """The world around us failed: ssh, pty, socket, locale.

    ``str(error)`` is one sentence for the user that says what to do; ``exit_code`` is the process's.
    """

    def __init__(self, message: str, *, exit_code: int = 1) -> None:
        super().__init__(message)
        self.exit_code = exit_code


def place_of(error: BaseException) -> str:
    """Return the kind of a bug's error and where in the program it was raised.

    Not its text: that may quote what the user typed or what the screen shows.
    """
    where, place = "", error.__traceback__
    while place is not None:
        file = place.tb_frame.f_code.co_filename
        if not file.startswith("<"):  # the import system's own code
            where = f" at {'/'.join(file.split('/')[-2:])}:{place.tb_lineno}"  # where it is installed says nothing
        place = place.tb_next
    return type(error).__name__ + where
