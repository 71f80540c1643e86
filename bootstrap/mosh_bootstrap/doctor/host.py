"""What stands between this machine and a session on a host: one stage after the other, up to the first that fails.

Logs in and starts a server as `mosh` does, with a program of ours in the session that types nothing and reads nothing.
The way is measured by a process of mosh-client's, which is confined (docs/adr/0094).
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator, Mapping
from typing import Any, Final

from mosh_bootstrap import diagnosis, ssh_config
from mosh_bootstrap.address import resolve
from mosh_bootstrap.background import Background
from mosh_bootstrap.command import DEFAULT_SERVER
from mosh_bootstrap.dialogue import Dialogue
from mosh_bootstrap.doctor.path import findings, read
from mosh_bootstrap.doctor.report import Finding, Report, fault
from mosh_bootstrap.handoff import Client
from mosh_bootstrap.login import Login, is_script, log_in
from mosh_bootstrap.options import Options
from mosh_bootstrap.progress import Progress, begun
from mosh_bootstrap.ssh_status import SSH_FAILED_EXIT
from mosh_common.errors import EnvironmentFailure
from mosh_common.io.signal_handlers import change_handlers

_SPELLING: Final = "Look at the spelling, or name it in ~/.ssh/config (HostName)."
_LISTED: Final = 4  # addresses of a name
_ADDRESSES_OCTETS: Final = 4096
_RESOLVER_TIMEOUT_MS: Final = 30_000  # longer than resolvers try
_QUERY_TIMEOUT_MS: Final = 10_000  # as a login waits for it
_PROBE_TIMEOUT_MS: Final = 15_000  # it takes seven seconds at most, and has to start
_PROBE_OCTETS: Final = 4096
_INTERRUPTED: Final = (128 + signal.SIGINT, -signal.SIGINT)  # by a probe that ended itself, or was not ready to
_COLORS: Final = 256  # nobody will see them


def examine(report: Report, options: Options, environ: Mapping[str, str], *, client: Client | None) -> None:
    """Add to `report` what is found. Raises UsageError, KeyboardInterrupt, SystemExit."""
    for finding in _before_login(options, environ):
        report.add(finding)
        if not finding.works:
            return
    login, finding = _login(options, environ)  # which says itself what is waited for, and lets ssh ask
    if login is not None and login.dialogue.in_mid_line:
        report.break_line()
    report.add(finding)
    if login is None:
        return
    dialogue = login.dialogue
    failure = diagnosis.failure(login.options, dialogue, login.ended, jump=login.jump, by_name=login.by_name)
    if failure is not None:
        report.add(fault("server", str(failure)))
        return
    assert dialogue.connect is not None, "checked by diagnosis.failure"
    assert dialogue.ip is not None, "checked by diagnosis.failure"
    if client is None:
        report.add(fault("UDP", "Not tried: only mosh-py's client can; name it with --client=PATH."))
        return
    report.waiting(f"measuring the way to {options.host}… (five seconds at most)")
    outcome = _measure(client, dialogue, environ)
    if outcome is None:
        report.add(fault("UDP", "Not measured: mosh-client --probe failed; is it of the same version as mosh?"))
        return
    report.path = outcome
    ports = options.port or "60000 to 61000"
    for finding in findings(outcome, ip=dialogue.ip, ports=ports.replace(":", " to ")):
        report.add(finding)


def _before_login(options: Options, environ: Mapping[str, str]) -> Iterator[Finding]:
    """Yield what ssh's configuration says, and what the host's name means; up to the first that fails."""
    config = None
    words = ssh_config.command_words(options.ssh)
    if not is_script(words):
        # ssh refuses to go to the background without a command, also when it is only asked.
        query = Background.run([*ssh_config.query_words(words, options.host), "true"], environ)
        said = None if query is None else query.output(limit=ssh_config.OUTPUT_LIMIT, timeout_ms=_QUERY_TIMEOUT_MS)
        if query is not None and query.exit_code == SSH_FAILED_EXIT:
            yield fault(
                "ssh_config", f"ssh refuses its configuration: 'ssh -G {options.host}' says which line to mend."
            )
        config = ssh_config.parse(said or b"")
    if config is None:
        yield Finding("ssh_config", True, "this ssh does not tell it")
        return
    values = config.values
    where = f"{values.get('user', '')}@{config.host_name} port {values['port']}"
    yield Finding("ssh_config", True, f"{where}, through its {config.jump}" if config.jump else where)
    if config.jump:
        yield Finding("name", True, "the jump host is asked what it means")
        return
    family = config.family if config.family and options.family == Options().family else options.family
    yield _name(config.host_name, family)


def _name(host_name: str, family: str) -> Finding:
    """Ask the resolver, in a process of its own: Ctrl-C is not to wait for it."""

    def ask() -> bytes:
        try:
            return b"found " + ", ".join([each.text for each in resolve(host_name, 0, family)][:_LISTED]).encode()
        except EnvironmentFailure as error:
            is_unknown = error.exit_code == SSH_FAILED_EXIT  # and not of another family
            return (f"{error} {_SPELLING}" if is_unknown else str(error)).encode()

    asked = Background.compute(ask)
    said = asked and asked.output(limit=_ADDRESSES_OCTETS, timeout_ms=_RESOLVER_TIMEOUT_MS)
    if not said:
        return fault("name", f"The resolver says nothing of {host_name!r}: see whether this machine's network is up.")
    answer = said.decode(errors="replace")
    return Finding("name", answer.startswith("found "), answer.removeprefix("found "))


def _login(options: Options, environ: Mapping[str, str]) -> tuple[Login | None, Finding]:
    """Log in and start a server with our command; return how that went, None without a login."""
    progress = Progress(options.host, begun() if options.verbose else None)
    command = probe_command(options.server or DEFAULT_SERVER)
    try:
        done = log_in(
            options._replace(command=command),
            {name: value for name, value in environ.items() if name != "MOSH_KEY"},
            progress,
            colors=lambda: _COLORS,
            show=_show_on_stderr,
            leave_early=False,
        )
    except EnvironmentFailure as error:
        return None, fault("login", str(error))
    done.channels.close()
    ended = done.ended
    if done.dialogue.connect is None and (
        done.dialogue.no_ip or ended.exit_code in (None, SSH_FAILED_EXIT) or ended.signal is not None
    ):
        why = diagnosis.failure(done.options, done.dialogue, ended, jump=done.jump, by_name=done.by_name)
        return None, fault("login", f"{why} mosh logs in as 'ssh {options.host}' does: mend that first.")
    return done, Finding("login", True, f"ssh logs in to {options.host}")


def probe_command(server: str) -> tuple[str, ...]:
    """Return the session's program: it tells clock and version, and prints a screenful at each size of the window.

    `server`: a piece of shell. It reads nothing, and ends by itself when its client does not come back.
    """
    script = (
        """trap 'od -An -v -tx1 -N3000 /dev/urandom|tr -d " \\n"' WINCH;"""
        f"""printf doctor:%s:%s: "$(date +%s)" "$({server} --version 2>&1|head -n 1|tr -c "A-Za-z0-9.()+\\n-" _)";"""
        "sleep 30&for i in 1 2 3 4 5 6 7 8 9;do wait;done"
    )
    return ("sh", "-c", script)


def _measure(client: Client, dialogue: Dialogue, environ: Mapping[str, str]) -> dict[str, Any] | None:
    """Let the client's process measure the way; None where it cannot. Raises KeyboardInterrupt, SystemExit."""
    assert dialogue.connect is not None, "checked by the caller"
    assert dialogue.ip is not None, "checked by the caller"
    # SECURITY: the key is in the environment, never in an argument: test_the_key_is_in_no_argument
    given = {**environ, "MOSH_KEY": dialogue.connect.key.text, "MOSH_ADDRESSES": " ".join(dialogue.others)}
    words = [*client.words, "--probe", dialogue.ip, str(dialogue.connect.port)]
    # Ctrl-C reaches the probe as well, which then ends the session there before it ends itself. At first it is noted
    # here, since what is ignored would be ignored by the probe, too.
    pressed: list[int] = []
    before = change_handlers({signal.SIGINT: lambda number, _frame: pressed.append(number)})
    try:
        probe = Background.run(words, given)
        change_handlers({signal.SIGINT: signal.SIG_IGN})
        said = probe and probe.output(limit=_PROBE_OCTETS, timeout_ms=_PROBE_TIMEOUT_MS)
    finally:
        change_handlers(before)
    if pressed or (probe is not None and probe.exit_code in _INTERRUPTED):
        raise KeyboardInterrupt
    return read(said or b"")


def _show_on_stderr(data: bytes) -> None:
    try:
        sys.stderr.buffer.write(data)
        sys.stderr.buffer.flush()
    except OSError:  # closed by whoever started us
        pass
