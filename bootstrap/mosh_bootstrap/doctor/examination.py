"""`mosh --doctor [host]`: what is examined in which order, and when it is not worth to go on."""

from __future__ import annotations

import io
import sys
from collections.abc import Mapping

from mosh_bootstrap.doctor import machine
from mosh_bootstrap.doctor.report import Finding, Report
from mosh_bootstrap.options import Options


def run(options: Options, environ: Mapping[str, str], *, own_path: str) -> int:
    """Examine this machine, and the way to `options.host` if it is named; return the exit code: 0 where all is well.

    Raises UsageError, KeyboardInterrupt and SystemExit.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):  # not where it was closed
        sys.stdout.reconfigure(errors="replace")
    report = Report(environ, as_json=options.json)
    client = None
    try:
        report.waiting("looking at this machine…")
        for found in machine.examine(options, environ, own_path=own_path):
            if isinstance(found, Finding):
                report.add(found)
            else:
                client = found.client
        if options.host and not any(not each.works and each.name in machine.NEEDED for each in report.findings):
            from mosh_bootstrap.doctor import host

            host.examine(report, options, environ, client=client)
        return report.conclude(options.host)
    finally:
        report.interrupted()
