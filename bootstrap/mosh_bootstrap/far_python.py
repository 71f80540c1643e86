"""A Python program of ours that runs on a remote machine for as long as a conversation with it lasts.

Finds a Python there, hands it the program, and exchanges answers and octets with it over one channel's standard input
and output, which are 8-bit clean. What else comes there is noise (start-up files print), and what comes on standard
error is shown, cleaned. Knows nothing of what is talked about.

All that comes is a stranger's: bounded, and never shown as it is.
"""

from __future__ import annotations

import json
import os
import secrets
import selectors
import signal
import subprocess  # nosec B404  # ssh, as the user has named it
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Final

from mosh_bootstrap.login_shell import quote_command
from mosh_bootstrap.sanitizer import Sanitizer
from mosh_bootstrap.ssh_status import SSH_FAILED_EXIT
from mosh_common.errors import EnvironmentFailure

LINE_LIMIT: Final = 65_536  # octets of an answer
NOISE_LIMIT: Final = 1_048_576  # octets of other output, before the host is given up
_TAIL: Final = 2048  # of the noise: its end may say why there was no answer
_PIECE: Final = 65_536
_END_S: Final = 5.0  # for ssh to end once its output has, or it is not needed any more

# Modules that a Python lacks which is not whole (Debian's python3-minimal), and without which nothing of ours runs.
_FIT: Final = (
    "import sys;from importlib.util import find_spec as f;names=sys.argv[1:];"
    "sys.exit(sys.version_info<(3,11) or None in map(f,names))"
)
_NEEDED: Final = "_ctypes ctypes fcntl hashlib json marshal re subprocess tempfile termios zipfile zlib"
_RUN: Final = "import sys;exec(compile(sys.stdin.buffer.read(int(sys.argv[3])),'far_end','exec'))"
# Nothing is sent before it is asked for, or a start-up file that reads would get it.
# SECURITY: what is no absolute path is passed over: the current directory may be anybody's.
# test_a_python_of_the_current_directory_is_not_taken
_SCRIPT: Final = f"""\
seen=
for python in "${{MOSH_PYTHON-}}" python3 python3.14 python3.13 python3.12 python3.11 /usr/local/bin/python3 \
/opt/homebrew/bin/python3 /opt/local/bin/python3 /usr/pkg/bin/python3 /run/current-system/sw/bin/python3 \
"$HOME/.nix-profile/bin/python3" "$HOME/.local/bin/python3"; do
  python=`command -v "$python" 2>/dev/null` || continue
  case $python in /*) ;; *) continue ;; esac
  if "$python" -I -S -c "{_FIT}" {_NEEDED} </dev/null >/dev/null 2>&1; then
    printf '\\nmosh-py:%s {{"ready": true}}\\n' "$1"
    exec "$python" -I -S -c "{_RUN}" "$1" "$python" "$2"
  fi
  version=`"$python" -I -S -c "import sys;print(sys.version.split()[0])" </dev/null 2>/dev/null` &&
    case " $seen " in *" $version "*) ;; *) seen="$seen $version" ;; esac
done
seen=`printf %s "$seen" | tr -cd '0-9. '`
printf '\\nmosh-py:%s {{"refused": "python", "detail": "%s"}}\\n' "$1" "${{seen# }}"
"""


def printable(text: object, *, limit: int = 300) -> str:
    """Return what of a stranger's word may be shown, in one line."""
    return "".join([each if each.isprintable() else "?" for each in str(text)[:limit]])


class FarPython:
    """The program, while it runs: `with FarPython(…) as far`; `far.answer()`, `far.send(…)`."""

    def __init__(
        self,
        words: Callable[[str], Sequence[str]],
        program: bytes,
        *,
        host: str,
        environ: Mapping[str, str],
        show: Callable[[bytes], None],
    ) -> None:
        """Start it. `words`: the command line that runs a command there. Raises EnvironmentFailure."""
        self._host = host
        self._show = show
        self._program = program
        token = secrets.token_hex(8)
        self._mark = f"mosh-py:{token} ".encode()
        command = " ".join(quote_command(["sh", "-c", _SCRIPT, "sh", token, str(len(program))]))
        self._sanitizer = Sanitizer()
        self._unsent = bytearray()
        self._line = b""  # the beginning of one that has not ended
        self._answers: list[dict[str, object]] = []
        self._noise = 0
        self._noise_tail = b""
        self._ready = False
        try:
            self._child = subprocess.Popen(  # nosec B603  # the same
                list(words(command)),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=dict(environ),
                bufsize=0,
            )
        except (OSError, ValueError) as error:
            raise EnvironmentFailure(f"Cannot run ssh: {getattr(error, 'strerror', None) or error}.") from None
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        assert self._child.stderr is not None
        self._stdin, self._stdout, self._stderr = self._child.stdin, self._child.stdout, self._child.stderr
        self._selector = selectors.DefaultSelector()
        for stream in (self._stdout, self._stderr):
            self._selector.register(stream, selectors.EVENT_READ)
        for stream in (self._stdin, self._stderr):
            os.set_blocking(stream.fileno(), False)

    def __enter__(self) -> FarPython:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._selector.close()
        for stream in (self._stdin, self._stdout, self._stderr):
            stream.close()
        for number in (0, signal.SIGTERM, signal.SIGKILL):  # the first does nothing
            self._child.send_signal(number)
            try:
                self._child.wait(_END_S)
                return
            except subprocess.TimeoutExpired:
                continue

    def send(self, data: bytes) -> None:
        """Give it `data`, which goes while answers are waited for."""
        self._unsent += data

    def answer(self) -> dict[str, object]:
        """Return its next answer. Raises EnvironmentFailure where none comes."""
        while True:
            while not self._answers:
                self._pump()
            answer = self._answers.pop(0)
            if answer.get("ready") is True and not self._ready:
                self._ready = True
                self.send(self._program)
                continue
            return answer

    def _pump(self) -> None:
        """Wait for something to be read or written, and do that. Raises EnvironmentFailure at the end of the output."""
        if self._stdin.closed:
            pass
        elif self._unsent:
            if self._stdin not in self._selector.get_map():
                self._selector.register(self._stdin, selectors.EVENT_WRITE)
        elif self._stdin in self._selector.get_map():
            self._selector.unregister(self._stdin)
        for key, _events in self._selector.select():
            if key.fileobj is self._stdin:
                self._write()
            elif key.fileobj is self._stderr:
                self._pass_on()
            else:
                self._receive(os.read(key.fd, _PIECE))

    def _pass_on(self) -> None:
        """Show what has come on standard error."""
        try:
            data = os.read(self._stderr.fileno(), _PIECE)
        except BlockingIOError:
            return
        if data:
            self._show(self._sanitizer.receive(data))
        else:
            self._selector.unregister(self._stderr)

    def _write(self) -> None:
        try:
            del self._unsent[: os.write(self._stdin.fileno(), self._unsent[:_PIECE])]
        except BlockingIOError:
            pass
        except BrokenPipeError:  # why, its last answer says, or that it has ended
            self._selector.unregister(self._stdin)
            self._stdin.close()

    def _receive(self, data: bytes) -> None:
        if not data:
            self._ended()
        whole, end, self._line = (self._line + data).rpartition(b"\n")
        if self._mark not in whole:
            self._receive_noise(whole + end)
        else:
            for line in whole.split(b"\n"):
                self._receive_line(line)
        if len(self._line) > LINE_LIMIT:
            self._receive_noise(self._line)
            self._line = b""

    def _receive_line(self, line: bytes) -> None:
        if line.startswith(self._mark) and len(line) <= LINE_LIMIT:
            try:
                answer = json.loads(line[len(self._mark) :])
            except (ValueError, RecursionError):
                answer = None
            if isinstance(answer, dict):
                self._answers.append(answer)
                return
        self._receive_noise(line + b"\n")

    def _receive_noise(self, data: bytes) -> None:
        self._noise += len(data)
        self._noise_tail = (self._noise_tail + data)[-_TAIL:]
        if self._noise > NOISE_LIMIT:
            raise EnvironmentFailure(f"{self._host} prints without end where an answer was asked for.")

    def _ended(self) -> None:
        """Raise what tells why its output has ended."""
        if self._answers:
            return
        try:
            code = self._child.wait(_END_S)
        except subprocess.TimeoutExpired:
            code = 0
        if self._stderr in self._selector.get_map():
            self._pass_on()  # not to its end, for which a master of ssh's would let us wait
        self._show(self._sanitizer.finish())
        if self._ready:
            raise EnvironmentFailure(f"The connection to {self._host} ended before all was done; please try again.")
        self._show(Sanitizer().receive(self._noise_tail))
        if code == SSH_FAILED_EXIT:
            raise EnvironmentFailure(
                f"ssh could not log in to {self._host}; its message is above.", exit_code=SSH_FAILED_EXIT
            )
        raise EnvironmentFailure(
            f"{self._host} did not run what was asked for; see whether 'ssh {self._host} echo yes' says yes."
        )
