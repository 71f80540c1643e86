"""`mosh --install-server` and `--uninstall-server`: our own server on a host that one can log in to, in ~/.local there.

What is asked, sent and told here; what is done there is far_end.py's, which runs on the host and answers. The decisions
are in docs/adr/0091-a-server-brought-by-ssh.md.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from mosh_bootstrap import archive, ssh_config
from mosh_bootstrap.far_python import FarPython, printable
from mosh_bootstrap.options import Options
from mosh_common.errors import EnvironmentFailure
from mosh_common.version import VERSION

SERVER: Final = "~/.local/bin/mosh-server"  # as --server takes it
_NOT_FOUND_EXIT: Final = 127  # sh(1)
_QUERY_TIMEOUT_MS: Final = 10_000  # as a login's
_BAR_COLUMNS: Final = 30

Words = Callable[[str], Sequence[str]]  # the command line that runs a command on the host, for a shell there


class User:
    """Who is asked and told."""

    def __init__(self, *, yes: bool = False) -> None:
        """`yes`: what is asked before anything is written has been answered already."""
        self._yes = yes

    def tell(self, text: str) -> None:
        """Say something for the user."""
        self._print(text + "\n")

    def show(self, data: bytes) -> None:
        """Pass on what ssh or the host says."""
        try:
            sys.stderr.buffer.write(data)
            sys.stderr.buffer.flush()
        except OSError:  # closed by whoever started us
            pass

    def agrees(self, question: str) -> bool:
        """Ask what was perhaps agreed to before. Raises EnvironmentFailure where there is nobody to ask."""
        if self._yes:
            return True
        if not self.can_be_asked():
            raise EnvironmentFailure("This asks before it changes anything, and there is no terminal; say --yes.")
        return self.is_asked(question)

    def can_be_asked(self) -> bool:
        """Whether somebody sits there."""
        return sys.stdin is not None and sys.stdin.isatty()

    def is_asked(self, question: str) -> bool:
        """Return the answer."""
        self._print(f"{question} [y/N] ")
        return sys.stdin.readline().strip().lower() in ("y", "yes")

    def _print(self, text: str) -> None:
        """Print what the user's locale may not have all characters for: a host names paths."""
        encoding = sys.stdout.encoding or "ascii"
        print(text.encode(encoding, "replace").decode(encoding), end="", flush=True)

    def progress(self, done: int, total: int) -> None:
        """Draw how much of `total` octets is there: `done`. Nothing without a terminal."""
        if os.isatty(2):
            full = _BAR_COLUMNS * done // total
            bar = "#" * full + " " * (_BAR_COLUMNS - full)
            end = "\n" if done == total else ""
            self.show(f"\r[{bar}] {done // 1000:5} of {total // 1000} kB{end}".encode())


def run(options: Options, environ: Mapping[str, str]) -> int:
    """Do what the command line asks for; return the exit code. Raises UsageError and EnvironmentFailure."""
    from mosh_common.io.inherited import expect_signals

    expect_signals()
    words = _through_ssh(options, environ)
    user = User(yes=options.yes)
    if options.install_server:
        return 0 if install(words, host=options.host, environ=environ, user=user) else 1
    return 0 if uninstall(words, host=options.host, environ=environ, user=user) else 1


def install(words: Words, *, host: str, environ: Mapping[str, str], user: User) -> str:
    """Bring our server to `host`; return what --server takes to run it, empty where the user wants it not.

    `words` gives the command line of a channel whose standard input and output are octets. Raises EnvironmentFailure;
    what was installed before is as it was then.
    """
    with _far_end(words, host=host, environ=environ, user=user) as far:
        script, members = archive.of_this_installation()  # while ssh connects
        there = _answer(far, host)
        if there.get("noexec") is True:
            raise _refusal(host, "noexec", _text(there, "place"))
        octets = archive.pack(archive.with_python(script, _text(there, "python")), members)
        digest = hashlib.sha256(octets).hexdigest()
        if _text(there, "link") == "ours" and _text(there, "sha256") == digest:
            user.tell(f"{host} has just this mosh-server {VERSION} already, as {_text(there, 'path')}.")
            _tell_way(user, there, _text(there, "found"))
            return SERVER
        replace = _may_replace(there, host, user)
        if replace is None or not user.agrees(_plan(there, host, len(octets))):
            user.tell(f"Nothing was changed on {host}.")
            return ""
        request = {"do": "install", "version": VERSION, "size": len(octets), "sha256": digest, "replace": replace}
        far.send(json.dumps(request).encode() + b"\n" + octets)
        while (answer := _answer(far, host)).get("done") is not True:
            come = answer.get("received")
            if isinstance(come, int) and 0 < come <= len(octets):
                user.progress(come, len(octets))
        user.tell(f"mosh-server {VERSION} is on {host} now.")
        for name, sentence in (("removed", "Removed, since nothing runs it"), ("kept", "Kept, since sessions run it")):
            if versions := _list(answer, name):
                user.tell(f"{sentence}: {', '.join(versions)}.")
        _tell_way(user, there, _text(answer, "found"))
        return SERVER


def uninstall(words: Words, *, host: str, environ: Mapping[str, str], user: User) -> bool:
    """Take away what `install` brought to `host`; return False where the user wants it to stay.

    Raises EnvironmentFailure.
    """
    with _far_end(words, host=host, environ=environ, user=user) as far:
        there = _answer(far, host)
        link = _text(there, "path") if _text(there, "link") == "ours" else ""
        place = _text(there, "place")
        if not link and not _list(there, "versions"):
            user.tell(f"{host} has nothing that --install-server brought.")
            return True
        user.tell(f"On {host} these go away:\n" + "".join([f"  {each}\n" for each in (link, place) if each]).rstrip())
        if there.get("running"):
            user.tell("Sessions run there, and go on: all that they need is loaded.")
        if not user.agrees("Remove them?"):
            user.tell(f"Nothing was changed on {host}.")
            return False
        far.send(json.dumps({"do": "uninstall"}).encode() + b"\n")
        answer = _answer(far, host)
        user.tell(f"mosh-server is gone from {host}.")
        if left := _list(answer, "left"):
            user.tell(f"In {place} stays what mosh did not bring: {', '.join(left)}.")
        return True


def _far_end(words: Words, *, host: str, environ: Mapping[str, str], user: User) -> FarPython:
    return FarPython(words, archive.source_of("far_end.py"), host=host, environ=environ, show=user.show)


def _answer(far: FarPython, host: str) -> dict[str, object]:
    """Return its next answer. Raises EnvironmentFailure where it has refused."""
    answer = far.answer()
    if "refused" in answer:
        raise _refusal(host, _text(answer, "refused"), _text(answer, "detail"))
    return answer


def _text(answer: Mapping[str, object], name: str) -> str:
    return printable(answer.get(name) or "")


def _list(answer: Mapping[str, object], name: str) -> list[str]:
    value = answer.get(name)
    return [printable(each, limit=80) for each in value[:20]] if isinstance(value, list) else []


def _may_replace(there: Mapping[str, object], host: str, user: User) -> bool | None:
    """Return whether something that is not ours may go; None where it must not.

    Raises EnvironmentFailure where nobody can be asked: --yes is no answer to this.
    """
    state, path = _text(there, "link"), _text(there, "path")
    if state not in ("foreign", "folder"):
        return False
    if state == "folder" or not user.can_be_asked():
        raise _refusal(host, "foreign", path)
    target = _text(there, "leads_to")
    what = f"a link to {target}" if target else "a file"
    return True if user.is_asked(f"{path} on {host} is {what}, not of mosh's bringing. Replace it?") else None


def _plan(there: Mapping[str, object], host: str, size: int) -> str:
    place = f"{_text(there, 'place')}/{VERSION}/mosh.pyz"
    before = _text(there, "version")
    lines = [
        f"mosh-server {VERSION} can be brought to {host}, for this account alone:",
        f"  {place} ({size // 1000} kB are sent; it runs with {_text(there, 'python')})",
        f"  {_text(there, 'path')} (a link to it{f', in place of {before}' if before not in ('', VERSION) else ''})",
    ]
    found = _text(there, "found")
    if found and found != _text(there, "path"):
        lines.append(f"There is one already: {found}.")
    return "\n".join([*lines, "Install it?"])


def _tell_way(user: User, there: Mapping[str, object], found: str) -> None:
    """Say how it is found from now on."""
    path = _text(there, "path")
    if not found:
        user.tell(f"What comes by ssh has no {os.path.dirname(path)} in its PATH there; mosh looks there all the same.")
    elif found != path:
        user.tell(f"By its name alone mosh finds {found} there; for this one say --server={SERVER}.")


def _refusal(host: str, kind: str, detail: str) -> EnvironmentFailure:
    """Return what to tell the user of a host that has refused, by far_end.py's word for it."""
    detail = detail.rstrip(".")
    match kind:
        case "python":
            return EnvironmentFailure(
                f"{host} lacks a whole Python 3.11 or later (found: {detail or 'none'}); have one installed there.",
                exit_code=_NOT_FOUND_EXIT,
            )
        case "cipher":
            return EnvironmentFailure(f"mosh-server cannot encrypt on {host}: {detail}.")
        case "noexec":
            return EnvironmentFailure(
                f"No program can be run from {detail} on {host}, which is mounted noexec; "
                "have mosh installed there for all users."
            )
        case "full":
            return EnvironmentFailure(f"The disk of {host} is full: make room in your home there ({detail}).")
        case "quota":
            return EnvironmentFailure(f"Your quota on {host} is used up: make room in your home there ({detail}).")
        case "foreign":
            return EnvironmentFailure(
                f"{detail} on {host} is there already and not of mosh's bringing; move it away, "
                "or, if it is a file, say on a terminal that it may go."
            )
        case "busy":
            return EnvironmentFailure(f"Another installation is at work on {host}; try again when it is over.")
        case "damaged":
            return EnvironmentFailure(f"The archive came to {host} damaged, and was not used; please try again.")
        case "broken":
            return EnvironmentFailure(f"mosh-server does not run on {host}, and was not installed: {detail}.")
        case "home":
            return EnvironmentFailure(f"The account on {host} has no home directory, where mosh-server would go.")
    return EnvironmentFailure(f"{host} cannot do it, and nothing was changed there: {detail or kind}.")


def _through_ssh(options: Options, environ: Mapping[str, str]) -> Words:
    """Return the words of a login of its own for each command. Raises UsageError."""
    from mosh_bootstrap.background import Background

    ssh = ssh_config.command_words(options.ssh)
    overrides = ["ClearAllForwardings=yes", "ControlMaster=no"]  # of any ssh; what else, it says itself
    query = Background.run(ssh_config.query_words(ssh, options.host), environ)
    if query is not None:
        try:
            said = query.output(limit=ssh_config.OUTPUT_LIMIT, timeout_ms=_QUERY_TIMEOUT_MS)
            config = ssh_config.parse(said) if said else None
            if config is not None:
                overrides = config.overrides(pty=False)
                if config.values.get("stdinnull") == "yes":
                    overrides.append("StdinNull=no")
        finally:
            query.end()

    def words(command: str) -> list[str]:
        return [*ssh_config.login_words(ssh, overrides), "-T", options.host, "--", command]

    return words
