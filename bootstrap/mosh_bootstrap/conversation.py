"""What a running program, ssh or a server's shell, and the user say to each other, until the server needs it no longer.

The thin loop: what the octets mean is `dialogue.py`'s business, what may be shown of them `sanitizer.py`'s, where the
keys go `keyboard.py`'s.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Final, NamedTuple

from mosh_bootstrap.dialogue import Dialogue
from mosh_bootstrap.keyboard import Keyboard
from mosh_bootstrap.progress import PATIENCE_MS, STUCK_LOOK_MS, Progress
from mosh_bootstrap.sanitizer import Sanitizer
from mosh_common.clock import now_ms
from mosh_common.connect_line import Connect
from mosh_common.io.fds import read_available
from mosh_common.io.loop import Waiter

# Once nobody can say anything any more, the program should end by itself within milliseconds.
_END_GRACE_MS: Final = 5000
# Once the server needs the login no longer, the same; but the user waits, and a connection may stay open for another
# reason (a forwarded port in use, a program that goes on behind the server).
_LEAVE_GRACE_MS: Final = 100
_LOGIN_POLL_MS: Final = 10  # with -v: ssh's pty tells, and tells nobody that it does


class Ended(NamedTuple):
    """How a program ended."""

    exit_code: int | None  # None: by a signal, or not at all
    signal: int | None  # the number; None: it exited, or we gave up waiting


RUNNING: Final = Ended(None, None)


class Program(NamedTuple):
    """A running program, as the loop sees it."""

    fd: int  # its output; under a pty also its input
    ended: Callable[[], Ended | None]  # asks, never waits
    resize: Callable[[int, int], None]  # lines, columns


class Conversation:
    """The program, the user, and what of the one reaches the other."""

    def __init__(
        self,
        program: Program,
        dialogue: Dialogue,
        progress: Progress,
        *,
        waiter: Waiter,
        show: Callable[[bytes], None],
        keyboard: Keyboard | None,
        leave_early: bool,
    ) -> None:
        """Take part in it with `keyboard`, None for nobody; `show` takes what is to be read.

        `leave_early`: the program need not be waited for once the server's line is there.
        """
        self._leave_early = leave_early
        self._program = program
        self._dialogue = dialogue
        self._progress = progress
        self._waiter = waiter
        self._show = show
        self._keyboard = keyboard
        # SECURITY: a host must not command or ask the user's terminal.
        # test_a_host_cannot_command_the_terminal_while_ssh_talks
        self._sanitizer = Sanitizer()
        self._deadline: int | None = None  # when the program is given up
        # When the user is told what is waited for.
        self._patient_until = now_ms() + PATIENCE_MS if keyboard is not None and progress.host else None
        # When to look whether the login is stuck, and whether it was logged in at the look before.
        self._stuck_look = now_ms() + STUCK_LOOK_MS if keyboard is not None and progress.host else None
        self._was_logged_in = False
        self._note = False  # that stands there, and is taken away before anything else is shown
        self._at_end = False  # the program has closed its output
        self._logged_in = keyboard is None or progress.since is None  # or nobody wants to know
        os.set_blocking(program.fd, False)
        waiter.watch(program.fd)

    def run(self) -> Ended:
        """Carry octets both ways until the program ends, or need not be waited for any longer.

        Raises KeyboardInterrupt, SystemExit.
        """
        try:
            while True:
                how = self._turn()
                if how is not None:
                    return how
        finally:
            self._finish()

    def _turn(self) -> Ended | None:
        """Wait, and carry what is there; return how the program ended once it need not be waited for any longer.

        Raises KeyboardInterrupt, SystemExit.
        """
        keyboard = self._keyboard
        times = [
            *(self._deadline, self._patient_until, self._stuck_look),
            keyboard.next_deadline() if keyboard is not None else None,
        ]
        if not self._logged_in:
            times.append(now_ms() + _LOGIN_POLL_MS)
        ready = self._waiter.wait(min((at for at in times if at is not None), default=None))
        self._take_signals(ready.signals)
        # Asked before reading: all that a program said before its end is there to be read after it.
        ended = self._program.ended()
        text = self._read_program(ended)
        if keyboard is not None:
            # Before showing: the terminal must be raw when a question stands on it.
            keyboard.listen(self._dialogue.may_be_asking and ended is None, self._waiter)
        self._say(text)
        if keyboard is not None:
            keyboard.carry(ready)
            keyboard.take_unread(self._waiter)
            if self._dialogue.connect is not None:
                keyboard.finish(self._waiter)
            number = keyboard.signal_just_sent()
            if ended is not None and self._dialogue.connect is None and number is not None:
                return Ended(None, number)
        return ended if ended is not None else self._give_up(now_ms())

    def _finish(self) -> None:
        """Take off the terminal what is not to stay."""
        self._take_note_away()
        self._show(self._sanitizer.finish())

    def _take_signals(self, signals: frozenset[int]) -> None:
        for number in signals & {signal.SIGTERM, signal.SIGQUIT, signal.SIGHUP}:
            raise SystemExit(128 + number)
        keyboard = self._keyboard
        if keyboard is None:
            return
        if signal.SIGTSTP in signals:
            keyboard.suspend(whole_job=False)
        elif signal.SIGCONT in signals:
            keyboard.resume()
        if signal.SIGWINCH in signals:
            self._program.resize(*keyboard.terminal.size())

    def _read_program(self, ended: Ended | None) -> bytes:
        """Read what the program says; return what of it is to be shown."""
        dialogue, known = self._dialogue, (self._dialogue.ip, self._dialogue.showed_anything, self._dialogue.connect)
        in_mid_line = dialogue.in_mid_line
        output, at_end = _read(self._program.fd, everything=ended is not None)
        if at_end:
            self._waiter.forget(self._program.fd)
            self._at_end = True
        text = self._sanitizer.receive(dialogue.receive(output))
        if ended is not None:
            text += self._sanitizer.receive(dialogue.finish())
            if dialogue.connect is None and dialogue.in_mid_line:
                text += b"\r\n"  # why there is no session is not to stand behind a prompt
        if self._progress.since is not None:
            text = self._tell_stages(text, known, in_mid_line=in_mid_line)
        return text

    def _tell_stages(self, text: bytes, known: tuple[str | None, bool, Connect | None], *, in_mid_line: bool) -> bytes:
        """With -v: tell what was reached since `known` was; return what of `text` is still to be shown."""
        dialogue = self._dialogue

        def reached(stage: str, *, in_mid_line: bool) -> None:
            self._take_note_away()
            self._progress.reached(stage, in_mid_line=in_mid_line)

        if dialogue.ip is not None and known[0] is None:
            reached(f"connected to {dialogue.ip}", in_mid_line=in_mid_line)
        if not self._logged_in and (dialogue.connect is not None or (self._keyboard and self._keyboard.pty_is_raw())):
            self._logged_in = True
            reached("logged in", in_mid_line=in_mid_line)
        if text and not known[1]:
            reached("ssh says:", in_mid_line=in_mid_line)
        if dialogue.connect is not None and known[2] is None:
            self._say(text)
            text = b""
            reached(f"server started, UDP port {dialogue.connect.port}", in_mid_line=dialogue.in_mid_line)
        return text

    def _say(self, text: bytes) -> None:
        """Show `text`; when there has been none for long, what is waited for."""
        if text or self._dialogue.connect is not None:
            self._patient_until = None
            self._take_note_away()
        if text:
            self._show(text)
        if self._keyboard is not None and self._patient_until is not None and now_ms() >= self._patient_until:
            self._patient_until = None
            self._note = True
            self._show(self._progress.waiting(self._keyboard.terminal.size()[1]))

        if self._keyboard is not None and self._stuck_look is not None and now_ms() >= self._stuck_look:
            self._look_whether_stuck(self._keyboard)

    def _look_whether_stuck(self, keyboard: Keyboard) -> None:
        """Tell, once, of a login that is there and starts no server."""
        self._stuck_look = None if self._dialogue.connect is not None else now_ms() + STUCK_LOOK_MS
        logged_in = keyboard.pty_is_raw() and self._dialogue.connect is None
        if logged_in and self._was_logged_in:
            self._stuck_look = None
            self._take_note_away()
            self._show((b"\r\n" if self._dialogue.in_mid_line else b"") + self._progress.stuck())
        self._was_logged_in = logged_in

    def _take_note_away(self) -> None:
        if self._note:
            self._note = False
            self._show(self._progress.erased())

    def _give_up(self, now: int) -> Ended | None:
        """Return that the program is waited for no longer, None while it is."""
        if self._dialogue.connect is not None:
            if self._leave_early:
                return RUNNING
            # A server that is slow to detach must not be hung up on.
            grace = _LEAVE_GRACE_MS if self._dialogue.detached or self._at_end else _END_GRACE_MS
        elif self._at_end:
            grace = _END_GRACE_MS
        else:
            return None
        self._deadline = min(now + grace, self._deadline or now + grace)
        return RUNNING if now >= self._deadline else None


def _read(fd: int, *, everything: bool) -> tuple[bytes, bool]:
    """Return what waits on `fd`, one read of it or all, and whether that was the end."""
    data = b""
    while True:
        chunk = read_available(fd)
        if not chunk or not everything:
            return data + (chunk or b""), chunk is None
        data += chunk
