"""The launcher: the process that the user's shell sees. Starts the two others and survives the renderer.

It holds neither key nor socket, parses nothing that came from the network, and does what only a parent can: it saves
the terminal's settings, replaces a renderer that died, passes signals on, and says the last words. Its protocol with
the network process: docs/ipc.md, "Control".
"""

from __future__ import annotations

import errno
import gc
import importlib
import os
import select
import signal
import socket
import time
from collections.abc import Callable
from typing import Final, NamedTuple

from mosh_client.confinement import limits
from mosh_client.handed_over import NOTHING_HANDED_OVER, HandedOver
from mosh_client.ipc import control, lifelines
from mosh_client.ipc.control import Report
from mosh_client.launcher import child, parting
from mosh_client.launcher.duration import duration
from mosh_client.launcher.secret import forget_key
from mosh_client.scrollback_end import ScrollbackEnd
from mosh_client.settings import Settings
from mosh_client.terminal import tty
from mosh_client.terminal.description import Description
from mosh_common.address import Address
from mosh_common.clock import now_ms
from mosh_common.errors import EnvironmentFailure
from mosh_common.io.fds import write_all, write_line
from mosh_common.io.loop import Waiter
from mosh_common.io.signal_handlers import change_handlers
from mosh_common.terminal.frame_diff.dialect import dialect_from_terminfo

# With these the renderer has given the terminal back itself.
_ORDERLY: Final = (lifelines.LEFT, lifelines.CUT_OFF, lifelines.BETRAYED, lifelines.FAILED)

_MOST_RENDERERS: Final = 5  # that may die …
_RENDERERS_WINDOW_MS: Final = 10_000  # … within this time: a fault that returns at once is not cured by another start
_RENDERER_PATIENCE_MS: Final = 2000  # for a renderer to leave once the session is over; a stopped terminal blocks it
_NETWORK_PATIENCE_S: Final = 0.3  # for the end of a network process to be seen after the renderer saw it
_INSISTED_PATIENCE_S: Final = 0.5  # for the network process to leave by itself once the user insisted
_QUIT_PATIENCE_MS: Final = 25_000  # … and once it was asked to: it gives itself 20 s at most (session.py)

_ENDING_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_INSISTING_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)  # a terminal that hangs up may well send two SIGHUPs
_IMPATIENT_AFTER: Final = 2  # of the insisting ones: the second does not wait for the server


class _Renderer(NamedTuple):
    pid: int
    lifeline: socket.socket  # closed: the other side is gone. The renderer sends the reason of its end on it


class Launcher:
    """One session, from the start of its processes to its last words."""

    def __init__(self, *, settings: Settings, peer: Address, ip: str, handed: HandedOver = NOTHING_HANDED_OVER) -> None:
        self._typed = handed.typed
        self._left = handed.left
        self._stages = handed.stages
        self._way_back = handed.way_back
        self._settings = settings
        self._peer = peer
        self._ip = ip
        self._waiter: Waiter | None = None
        self._control: socket.socket | None = None  # to the network process
        self._network_pid = 0
        self._renderer: _Renderer | None = None
        self._renderer_deaths: list[int] = []  # when, newest last
        self._report = control.ReportReader()
        self._began_at = now_ms()
        self._terminal_given_back = True  # the last renderer left in good order

    def run(self, key_text: bytes) -> int:
        """Run the session; return the exit code. Raises EnvironmentFailure before anything is drawn.

        `key_text` is the object that `secret.key_in_environment` gave; it is overwritten.
        """
        attributes = tty.read_attributes(0)
        child.name_process("mosh-client")
        ours, theirs = _socket_pair()
        gc.freeze()  # the children share what is here; collecting it would copy their pages
        self._network_pid = _fork(lambda: self._become_network_process(ours, theirs, key_text))
        theirs.close()
        forget_key(key_text)
        self._control = ours
        limits.forbid_core_dumps()
        try:
            terminal = tty.describe_terminal(alternate_screen=self._settings.alternate_screen)
            dialect = dialect_from_terminfo(terminal.capabilities, truecolor=self._settings.truecolor)
            end = ScrollbackEnd() if self._settings.native_scroll else None
            described = Description(terminal, dialect, attributes, end)
            with Waiter((*_ENDING_SIGNALS, signal.SIGCHLD)) as waiter:
                self._waiter = waiter
                try:
                    report = self._supervise(waiter, described)
                except EnvironmentFailure as error:
                    report = Report(error.exit_code, f"mosh-client: {error}")
                self._end_renderer(waiter, described)
        finally:
            ours.close()
            _end_process(self._network_pid)
        for line in self._stages.lines() if self._stages is not None else ():
            write_line(2, line)
        return self._say_last_words(report)

    # --- The session ----------------------------------------------------------------------------------------------

    def _supervise(self, waiter: Waiter, described: Description) -> Report:
        """Keep a renderer running until the network process reports the end."""
        assert self._control is not None
        self._control.setblocking(False)
        waiter.watch(self._control.fileno())
        _load_renderer(native_scroll=self._settings.native_scroll)
        self._start_renderer(described)
        self._confine()
        signals_seen = 0
        quit_by: int | None = None  # the network process was asked to end the session: it should have by then
        while True:
            self._left = tuple([pid for pid in self._left if _reap(pid) is None])
            ready = waiter.wait(quit_by)
            for number in ready.signals:
                if number in _ENDING_SIGNALS:
                    signals_seen += number in _INSISTING_SIGNALS
                    quit_by = quit_by or now_ms() + _QUIT_PATIENCE_MS
                    self._command(control.QUIT)
                    if signals_seen >= _IMPATIENT_AFTER:
                        return self._insist(by_user=False)
            if self._control.fileno() in ready.readable:
                report = self._report.receive(self._control)
                if report is not None:
                    return report
            renderer = self._renderer
            if renderer is not None and renderer.lifeline.fileno() in ready.readable:
                if lifelines.leave_wanted(renderer.lifeline):
                    return self._insist(by_user=True)
                waiter.forget(renderer.lifeline.fileno())  # its last words: they are read once it has ended
            if quit_by is not None and now_ms() >= quit_by:
                return self._insist(by_user=False)
            if renderer is not None and (status := _reap(renderer.pid)) is not None:
                report = self._renderer_ended(renderer, status, described)
                if report is not None:
                    return report

    def _insist(self, *, by_user: bool) -> Report:
        """End the session now: with the network process, or without it should it hang."""
        assert self._control is not None
        try:
            os.kill(self._network_pid, signal.SIGTERM)
        except ProcessLookupError:
            pass
        deadline = time.monotonic() + _INSISTED_PATIENCE_S
        while (left := deadline - time.monotonic()) > 0:
            if select.select([self._control], [], [], left)[0]:
                report = self._report.receive(self._control)
                if report is not None:
                    return report
        # `_end_renderer` kills it.
        return control.HUNG if by_user else control.HUNG._replace(code=control.FROM_OUTSIDE)

    def _confine(self) -> None:
        """Give up what is not needed to start other renderers, now that nobody waits for this process."""
        from mosh_client.confinement.mechanisms import Process
        from mosh_client.confinement.processes import confine

        confine(Process.LAUNCHER, log=self._settings.log())

    def _renderer_ended(self, renderer: _Renderer, status: int, described: Description) -> Report | None:
        """Start another renderer, or return why the session ends with this one."""
        assert self._control is not None
        self._renderer = None
        code = os.waitstatus_to_exitcode(status)
        self._terminal_given_back = code in _ORDERLY
        reason = lifelines.last_words(renderer.lifeline)
        if self._waiter is not None:
            self._waiter.forget(renderer.lifeline.fileno())
        renderer.lifeline.close()
        if code == lifelines.BETRAYED:
            return Report(1, f"mosh-client: the network process was ended: it sent {reason}.")
        if code in (lifelines.LEFT, lifelines.CUT_OFF):
            # The network process is (about to be) gone too, and its report says more; else it cut the renderer off.
            select.select([self._control], [], [], _NETWORK_PATIENCE_S)
            report = self._report.receive(self._control)
            if report is not None:
                return report
        # The terminal stays raw until the next one is there: with the shell's settings, a Ctrl-C typed meanwhile would
        # end the session, and what is typed would be shown and edited by the system.
        now = now_ms()
        self._renderer_deaths = [at for at in self._renderer_deaths if now - at < _RENDERERS_WINDOW_MS] + [now]
        if len(self._renderer_deaths) > _MOST_RENDERERS:
            cause = reason or (f"signal {-code}" if code < 0 else f"exit code {code}")
            return Report(1, f"mosh-client: the process that draws the terminal keeps failing ({cause}).")
        self._start_renderer(described)
        return None

    def _start_renderer(self, described: Description) -> None:
        """Fork a renderer and give the network process the other end of its socketpair."""
        assert self._control is not None
        network_end, renderer_end = _socket_pair()
        lifeline, renderer_lifeline = _socket_pair()
        taken = not self._terminal_given_back  # by one that was killed: its title is still kept
        pid = _fork(
            lambda: self._become_renderer((network_end, lifeline), renderer_end, renderer_lifeline, described, taken)
        )
        renderer_end.close()
        renderer_lifeline.close()
        self._typed = b""  # are typed once
        self._renderer = _Renderer(pid, lifeline)
        if self._waiter is not None:
            self._waiter.watch(lifeline.fileno())
        self._terminal_given_back = False
        try:
            socket.send_fds(self._control, [control.RENDERER], [network_end.fileno()])
        except OSError:
            pass  # the network process is gone, which its socket will tell
        network_end.close()

    def _end_renderer(self, waiter: Waiter, described: Description) -> None:
        """Let the renderer give the terminal back; do it ourselves if it does not."""
        renderer, self._renderer = self._renderer, None
        if renderer is not None:
            _end_process(self._network_pid)  # so that its socketpair is closed, whatever happened to it
            waiter.forget(renderer.lifeline.fileno())
            renderer.lifeline.shutdown(socket.SHUT_WR)
            deadline = now_ms() + _RENDERER_PATIENCE_MS
            status = _reap(renderer.pid)
            while status is None and now_ms() < deadline:
                waiter.wait(deadline)
                status = _reap(renderer.pid)
            if status is None:
                _end_process(renderer.pid)
            else:
                code = os.waitstatus_to_exitcode(status)
                self._terminal_given_back = code in _ORDERLY
            renderer.lifeline.close()
        if not self._terminal_given_back:
            _give_terminal_back(described)

    def _say_last_words(self, report: Report) -> int:
        """Tell the user how it ended; return the exit code."""
        try:
            if report.left is not None:
                write_all(1, parting.words(report.left, self._way_back, lasted=now_ms() - self._began_at).encode())
            elif report.over:
                write_all(1, f"[mosh: session of {duration(now_ms() - self._began_at)} ended]\n".encode())
            if report.message:
                write_all(2, report.message.encode(errors="replace") + b"\n")
        except OSError:
            pass  # the terminal is gone
        return report.code

    def _command(self, command: bytes) -> None:
        assert self._control is not None
        try:
            self._control.send(command)
        except OSError:
            pass  # it is gone, or does not read: the second signal ends it

    # --- The children ---------------------------------------------------------------------------------------------

    def _become_network_process(self, ours: socket.socket, theirs: socket.socket, key_text: bytes) -> int:
        ours.close()
        # Outside its loop a signal tells it nothing that the control socket does not, and must not cost its report:
        # `_insist` sends one, and the loop may just have ended.
        change_handlers(dict.fromkeys(_ENDING_SIGNALS, signal.SIG_IGN))
        from mosh_common.wire.key import Key

        key = Key.parse(key_text.decode("ascii"))
        forget_key(key_text)  # from here on it is in one place
        child.name_process("mosh-network")
        child.leave_terminal(keep_stderr=self._settings.verbose > 0 and not os.isatty(2))
        from mosh_client.network import process as network_process

        return network_process.run(theirs, key=key, peer=self._peer, ip=self._ip, verbose=self._settings.verbose)

    def _become_renderer(
        self,
        foreign: tuple[socket.socket, ...],
        ipc: socket.socket,
        lifeline: socket.socket,
        described: Description,
        taken: bool,
    ) -> int:
        if self._waiter is not None:
            self._waiter.close()
        if self._control is not None:
            self._control.close()
        for sock in foreign:
            sock.close()
        child.name_process("mosh-renderer")
        from mosh_client.renderer import process as renderer_process

        return renderer_process.run(
            ipc,
            lifeline,
            settings=self._settings,
            described=described,
            taken=taken,
            typed=self._typed,
            stages=self._stages,
        )


def _load_renderer(*, native_scroll: bool) -> None:
    """Import what renderers need, into the process that each is a copy of. Raises EnvironmentFailure.

    When one must be replaced, the files may be those of another version, or gone.
    """
    try:
        importlib.import_module("mosh_client.renderer.process")
        if native_scroll:
            importlib.import_module("mosh_client.renderer.scrollback.native_compositor")
    except ImportError as error:
        raise EnvironmentFailure(f"The part that draws the terminal cannot be loaded: {error}.") from error
    gc.freeze()  # as before the other child


def _socket_pair() -> tuple[socket.socket, socket.socket]:
    """Return two connected sockets. Raises EnvironmentFailure, also when only the descriptors are used up."""
    try:
        return socket.socketpair()
    except OSError as error:
        raise EnvironmentFailure(f"Cannot connect the processes of the session: {error.strerror}.") from error


def _fork(child: Callable[[], int]) -> int:
    """Run `child` in another process and return its pid; its result is the exit code. Raises EnvironmentFailure."""
    try:
        pid = os.fork()
    except OSError as error:
        raise EnvironmentFailure(f"Cannot start a process of the session: {error.strerror}.") from error
    if pid:
        return pid
    code = lifelines.FAILED
    try:
        code = child()
    except BaseException:
        if not os.isatty(2):
            import traceback

            for line in traceback.format_exc().splitlines():
                write_line(2, line)
    finally:
        os._exit(code)


def _reap(pid: int) -> int | None:
    """Return the status of a child that has ended; None while it runs (or is stopped)."""
    try:
        reaped, status = os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return 0
    return status if reaped else None


def _end_process(pid: int) -> None:
    """End a child for good and reap it; harmless when it has been reaped."""
    try:
        if os.waitpid(pid, os.WNOHANG)[0]:
            return
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    except OSError as error:
        if error.errno not in (errno.ECHILD, errno.ESRCH):
            raise


def _give_terminal_back(described: Description) -> None:
    """Undo what a renderer that was killed may have left on the terminal."""
    tty.restore_attributes(0, described.attributes)
    end = described.scrollback_end
    on_primary = end is not None and not end.alternate  # with native scroll
    octets = tty.leaving(
        described.terminal.without_other_screen if on_primary else described.terminal,
        hyperlinks=described.dialect.hyperlinks,
        synchronized=described.dialect.synchronized,
        # Who knew whether it was changed, and from what, is dead: back to the one that the user has configured.
        cursor_shape=0 if described.dialect.cursor_shape else None,
        modes={},
        title=described.keeps_title,
        lines=tty.window_size(0)[1],
    )
    try:
        output = tty.open_for_output(1)
    except OSError:  # no descriptor is left
        output = 1
    try:
        if select.select([], [output], [], 0)[1]:
            os.write(output, octets)
    except OSError:
        pass  # stopped or gone: nothing more can be done
    finally:
        if output != 1:
            os.close(output)
