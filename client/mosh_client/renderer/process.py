"""The renderer: a thin loop between the user's terminal and the network process. Policy is renderer/view.py's.

Has neither key nor network. Leaves the terminal as it found it, whichever way it ends short of SIGKILL; for that there
is the launcher.
"""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Mapping
from typing import Final

from mosh_client.confinement.mechanisms import Process
from mosh_client.confinement.processes import confine
from mosh_client.ipc import lifelines
from mosh_client.ipc.channel import Channel
from mosh_client.ipc.messages import LONGEST_INPUT_OCTETS, Frame, Link, Message, ToRenderer
from mosh_client.renderer.drawing.compositor import Touched
from mosh_client.renderer.drawing.last_screen import printed
from mosh_client.renderer.scrollback.terminal import NativeTerminal
from mosh_client.renderer.view import View
from mosh_client.settings import Settings
from mosh_client.stages import ANSWER, SCREEN, Stages
from mosh_client.terminal import tty
from mosh_client.terminal.answer import TerminalAnswer
from mosh_client.terminal.description import Description
from mosh_common.clock import now_ms
from mosh_common.errors import PeerError
from mosh_common.io.fds import read_available, write_available, write_line
from mosh_common.io.loop import Ready, Waiter

_STDIN: Final = 0
_STDOUT: Final = 1
_WRAPPING: Final = 7  # DECAWM, the one mode that is on after a reset, and in every frame
_ALTERNATE_SCROLL: Final = 1007  # not the same after a reset of all terminals
_GOODBYE_MS: Final = 500  # for a terminal that does not take octets (stopped with Ctrl-S): it is not waited for
_ANSWER_GOODBYE_MS: Final = 100  # for the answer of a terminal that was asked just before: most take under 1 ms
_SUSPENDED: Final = b"\x1b[37;44m[mosh is suspended.]\x1b[m\r\n"


def run(
    ipc: socket.socket,
    lifeline: socket.socket,
    *,
    settings: Settings,
    described: Description,
    taken: bool,
    typed: bytes = b"",
    stages: Stages | None = None,
) -> int:
    """Draw until told to leave; return one of the launcher's codes for a renderer.

    `taken`: the renderer before this one took the terminal and was killed before it gave it back. `typed`: what the
    user has typed before this process was there. `stages`: where to note how long it took, if somebody asks.
    """
    renderer = _Renderer(ipc, lifeline, settings=settings, described=described, taken=taken, stages=stages)
    try:
        renderer.receive_typed(typed)
        return renderer.run()
    except Exception as error:
        # The terminal has been given back by now. The launcher starts another renderer; the user reads why if that
        # does not help.
        if settings.verbose and not os.isatty(2):
            import traceback

            for line in traceback.format_exc().splitlines():
                write_line(2, line)
        renderer.leave_reason(f"{type(error).__name__}: {error}")
        return lifelines.FAILED


class _Renderer:
    """The descriptors and the loop."""

    def __init__(
        self,
        ipc: socket.socket,
        lifeline: socket.socket,
        *,
        settings: Settings,
        described: Description,
        taken: bool,
        stages: Stages | None,
    ) -> None:
        self._channel = Channel(ipc, in_network_process=False)
        self._lifeline = lifeline
        self._described = described
        self._taken = taken
        self._keeps_last_screen = settings.keep_last_screen
        self._log = settings.log()
        self._stages = stages
        self._answer = TerminalAnswer()
        self._raw_mode = tty.RawMode(_STDIN, described.attributes)
        self._output = tty.open_for_output(_STDOUT)
        self._outgoing = bytearray()  # drawn and not yet taken by the terminal
        self._hung_up = False  # the terminal is gone
        self._stopped = False  # the process group is (about to be) stopped: the terminal is the shell's
        self._insisted = False  # the launcher was told that the user leaves, whatever the network process does
        self._view = View(
            settings=settings,
            dialect=described.dialect._replace(synchronized=False),
            columns=tty.window_size(_STDOUT)[0],
            lines=tty.window_size(_STDOUT)[1],
            now=now_ms(),
            title_again=tty.TITLE_AGAIN if described.keeps_title else b"",
            touched=Touched(True, True) if taken else None,
            native=_native_terminal(described),
        )
        self._take_size()

    def run(self) -> int:
        caught = (
            *(signal.SIGWINCH, signal.SIGCONT, signal.SIGTSTP),
            *(signal.SIGTERM, signal.SIGINT, signal.SIGHUP),
        )
        with Waiter(caught) as waiter, self._raw_mode:
            try:
                return self._loop(waiter)
            finally:
                self._give_terminal_back(waiter)

    def receive_typed(self, keys: bytes) -> None:
        """Take keys that do not come from the terminal any more."""
        for start in range(0, len(keys), LONGEST_INPUT_OCTETS):
            self._view.receive_keys(keys[start : start + LONGEST_INPUT_OCTETS], now=now_ms())

    def _loop(self, waiter: Waiter) -> int:
        waiter.watch(_STDIN)
        waiter.watch(self._lifeline.fileno())
        self._take_terminal(taken=self._taken)
        confine(Process.RENDERER, log=self._log)
        while True:
            self._write_network(waiter)
            now = now_ms()
            deadline = self._answer.next_deadline()
            if not self._outgoing and not self._stopped and not self._hung_up:
                self._draw(now=now)
                deadline = _earlier(deadline, self._view.next_deadline(now=now))
                self._write_network(waiter)
            waiter.watch(self._output, read=False, write=bool(self._outgoing))
            ready = waiter.wait(deadline)
            code = self._turn(waiter, ready)
            if code is not None:
                return code

    def _turn(self, waiter: Waiter, ready: Ready) -> int | None:
        """Read what is ready and feed it; return an exit code when this was the last turn."""
        now = now_ms()
        if ready.signals:
            self._take_signals(ready.signals)
        if _STDIN in ready.readable or self._answer.next_deadline() is not None:
            try:
                self._read_keys(waiter, ready=_STDIN in ready.readable, now=now)
            finally:
                # Before anything is drawn: the server's answer is what takes longest. And whatever fails in
                # predicting what the keys do: they were typed, and the next renderer does not have them.
                self._write_network(waiter)
                self._write_launcher()
        if self._output in ready.writable:
            self._write(b"")
        if self._channel.fileno() in ready.readable:
            try:
                for message in self._channel.receive():
                    self._view.receive_message(_from_network(message), now=now)
                    if self._stages is not None:
                        self._note_stage(self._stages, message)
            except PeerError as error:
                self.leave_reason(str(error))
                return lifelines.BETRAYED
        if self._view.left:
            # What was shown last stays in the scrollback of terminals without an alternate screen.
            if not self._outgoing and not self._hung_up:
                self._draw(now=now)
            return lifelines.LEFT
        if self._channel.closed or self._lifeline.fileno() in ready.readable:
            return lifelines.CUT_OFF
        if self._view.suspend_wanted:
            self._view.suspend_wanted = False
            self._suspend(waiter)
        return None

    def _draw(self, *, now: int) -> None:
        self._write(self._view.draw(now=now))
        if self._view.takes_cursor_question():
            self._answer.expect_cursor(now=now)

    # --- The terminal -------------------------------------------------------------------------------------------

    def _read_keys(self, waiter: Waiter, *, ready: bool, now: int) -> None:
        """Feed what was typed; without `ready` what was held back."""
        data = read_available(_STDIN, LONGEST_INPUT_OCTETS) if ready else b""
        if data is None:
            self._hung_up = True
            self._outgoing.clear()
            waiter.forget(_STDIN)
            self._view.quit()
            return
        unknown = self._answer.synchronizes is None
        data = self._answer.keys(data, now=now)
        if unknown and self._answer.synchronizes:
            self._view.terminal_synchronizes()
        if unknown and self._answer.modes.get(_ALTERNATE_SCROLL):
            self._view.terminal_scrolls()
        row = self._answer.take_cursor_row()
        if row is not None:
            self._view.cursor_reported(row)
        if data:
            # A wait may end with keys that were typed after a resize whose signal it does not show yet; the session
            # must learn of the size first.
            self._take_size()
            self._view.receive_keys(data, now=now)

    def _take_size(self) -> None:
        size = tty.window_size(_STDOUT)
        self._view.resize(*size, cut=tty.exceeds(_STDOUT, size))

    def _write(self, octets: bytes) -> None:
        """Write what the terminal takes; the rest waits, and so does the next frame."""
        self._outgoing += octets
        if not self._outgoing:
            return
        written = write_available(self._output, self._outgoing)
        if written is None:
            self._hung_up = True
            self._outgoing.clear()
        else:
            del self._outgoing[:written]

    def _take_signals(self, signals: frozenset[int]) -> None:
        if signal.SIGCONT in signals:
            self._resume()
        if signal.SIGWINCH in signals or signal.SIGCONT in signals:
            self._take_size()
        if signal.SIGTSTP in signals:
            self._view.suspend_wanted = True
        if signals & {signal.SIGTERM, signal.SIGINT, signal.SIGHUP}:
            self._view.quit()

    def _take_terminal(self, *, taken: bool) -> None:
        """Write what comes before the first frame, and ask; of what a dead renderer may have changed, nothing."""
        described, end = self._described, self._described.scrollback_end
        questions = self._answer.ask(
            now=now_ms(),
            state=described.says_state and not taken,
            shape=described.dialect.cursor_shape and described.terminal.takes_strings,
            synchronized=described.dialect.synchronized,
        )
        terminal, before = described.terminal, b""
        if end is not None:
            # The session is drawn on the primary screen; on the other one only what died may have been.
            rmcup = terminal.rmcup if taken and end.alternate else b""
            terminal = terminal._replace(smcup=b"", rmcup=rmcup)
            before = b"" if taken else tty.room(*tty.window_size(_STDOUT))
        self._write(
            tty.entering(terminal, title=described.keeps_title, taken=taken, questions=questions, before=before)
        )

    def _suspend(self, waiter: Waiter) -> None:
        """Give the terminal to the shell and stop the process group; SIGCONT resumes."""
        keys = self._await_answer(waiter)
        if keys:
            self._view.receive_keys(keys, now=now_ms())  # typed before the stop
        self._write(self._leaving(stays=False) + _SUSPENDED)
        self._drain(waiter)
        self._raw_mode.leave()
        self._stopped = True
        self._write_network(waiter)
        os.kill(0, signal.SIGSTOP)

    def _resume(self) -> None:
        self._stopped = False
        self._outgoing.clear()  # of before the stop: everything is drawn again
        self._raw_mode.enter()
        self._take_terminal(taken=False)
        self._view.repaint()

    def _give_terminal_back(self, waiter: Waiter) -> None:
        if not self._stopped and not self._hung_up:
            self._await_answer(waiter)
            self._write(self._leaving(stays=True))
            self._write(self._last_screen())
            self._drain(waiter)
        os.close(self._output)

    def _last_screen(self) -> bytes:
        """Return what prints the session's last screen, if that is wanted and goes with the alternate screen."""
        screen, described = self._view.screen, self._described
        behind_another = described.terminal.rmcup and described.scrollback_end is None
        if not (self._keeps_last_screen and self._view.left and behind_another) or screen is None:
            return b""
        return printed(screen, columns=tty.window_size(_STDOUT)[0], dialect=described.dialect)

    def _leaving(self, *, stays: bool) -> bytes:
        """Return what gives the terminal back: what frames have changed, as the terminal said that it was.

        `stays`: for good; with native scroll the last screen stays, too.
        """
        parted = self._view.part(stays=stays, now=now_ms())
        described, touched = self._described, self._view.touched
        octets, lines = parted if parted is not None else (b"", tty.window_size(_STDOUT)[1])
        return octets + tty.leaving(
            described.terminal if parted is None else described.terminal.without_other_screen,
            hyperlinks=described.dialect.hyperlinks,
            synchronized=described.dialect.synchronized,
            # Shape 0 is the one that the user has configured, but to xterm, which answers.
            cursor_shape=(self._answer.cursor_shape or 0) if touched.cursor_shape else None,
            modes=_modes_to_restore(self._answer.modes, touched),
            title=described.keeps_title,
            lines=lines or None,
        )

    def _drain(self, waiter: Waiter) -> None:
        """Wait for the terminal to take what was written, but not for ever."""
        deadline = now_ms() + _GOODBYE_MS
        waiter.forget(_STDIN)
        while self._outgoing and now_ms() < deadline:
            waiter.watch(self._output, read=False, write=True)
            waiter.wait(deadline)
            self._write(b"")
        waiter.watch(_STDIN)

    def _await_answer(self, waiter: Waiter) -> bytes:
        """Take answers that are on their way, lest the shell read them, but not for long; return keys between them."""
        keys = b""
        deadline = now_ms() + _ANSWER_GOODBYE_MS
        while self._answer.due:
            # What was asked for long ago is not waited for, but may be there: this process may have stood still.
            is_late = now_ms() >= deadline or not self._answer.awaited(now=now_ms())
            if _STDIN in waiter.wait(now_ms() if is_late else deadline).readable:
                data = read_available(_STDIN, LONGEST_INPUT_OCTETS)
                if data is None:
                    break
                keys += self._answer.keys(data, now=now_ms())
            if is_late:
                break
        return keys

    @staticmethod
    def _note_stage(stages: Stages, message: Message) -> None:
        if isinstance(message, Link) and message.last_heard is not None:
            stages.reached(ANSWER)
        elif isinstance(message, Frame) and not message.more:
            stages.reached(SCREEN)

    # --- The others ---------------------------------------------------------------------------------------------

    def _write_network(self, waiter: Waiter) -> None:
        for message in self._view.messages_to_send():
            self._channel.send(message)
        if self._channel.pending:
            self._channel.flush()
        if not self._channel.closed:
            waiter.watch(self._channel.fileno(), write=self._channel.pending)

    def _write_launcher(self) -> None:
        """Tell the launcher, once, that the user asked to leave again: the network process may hang."""
        if self._view.insisted and not self._insisted:
            self._insisted = True
            try:
                self._lifeline.send(lifelines.LEAVE)
            except OSError:
                pass  # the launcher is gone

    def leave_reason(self, reason: str) -> None:
        """Tell the launcher why this process ends."""
        try:
            self._lifeline.send(reason.encode())
        except OSError:
            pass  # the launcher is gone


def _from_network(message: Message) -> ToRenderer:
    """Narrow the type of what the permits of this direction let through."""
    return message  # type: ignore[return-value]  # permits.FROM_NETWORK holds exactly the kinds of ToRenderer


def _native_terminal(described: Description) -> NativeTerminal | None:
    end, terminal = described.scrollback_end, described.terminal
    return None if end is None else NativeTerminal(terminal.smcup, terminal.rmcup, described.clears_scrollback, end)


def _modes_to_restore(found: Mapping[int, bool], touched: Touched) -> dict[int, bool]:
    """Return those modes that are to be set as they were found: the others are reset, or nobody has changed them."""
    restored = {mode: on for mode, on in found.items() if mode != _ALTERNATE_SCROLL and on != (mode == _WRAPPING)}
    if touched.alternate_scroll:
        restored[_ALTERNATE_SCROLL] = found.get(_ALTERNATE_SCROLL, False)
    return restored


def _earlier(one: int | None, other: int | None) -> int | None:
    """Return the earlier of two deadlines; None = never."""
    if one is None or other is None:
        return other if one is None else one
    return min(one, other)
