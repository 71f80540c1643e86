"""utempter's own helper, in a root with a utmp of the test's: what it writes for us is what we read of others."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from tests.support.programs import PATIENCE_S, SOURCE_FOLDERS

from mosh_server.host.accounting import HELPERS

pytestmark = [pytest.mark.system, pytest.mark.requires_linux, pytest.mark.requires_program("unshare", "mount")]

# A /run of its own for one process. The machine's stays as it is.
OWN_RUN = 'mount -t tmpfs none /run && : >/run/utmp && exec "$@"'
SESSION = """\
import os
from mosh_server.host import registry
from mosh_server.host.accounting import Accounting
from mosh_server.host.scope import user_name

def show(what):
    os.waitpid(-1, 0)  # the helper has done its work
    utmp = registry.read_utmp()
    detached = registry.detached_in_utmp(utmp, user=user_name()) == {os.getpid()}
    print(what, "detached" if detached else "not detached", b"192.0.2.1 via mosh" in utmp)

master, slave = os.openpty()
books = Accounting(user=user_name(), pid=os.getpid())
books.begin(master)
show("begun")
books.connected("192.0.2.1")
show("connected")
books.detached()
show("lost")
books.end()
print("ended", registry.detached_in_utmp(registry.read_utmp(), user=user_name()))
"""


@pytest.mark.skipif(os.getuid() != 0, reason="only root may mount another /run")
@pytest.mark.skipif(not any(map(os.path.exists, HELPERS)), reason="libutempter0 is not installed")
def test_sessions_are_in_utmp_as_they_are() -> None:
    run = ["unshare", "--mount", "sh", "-c", OWN_RUN, "sh"]
    if subprocess.run([*run, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this root may not mount another /run")
    done = subprocess.run(
        [*run, sys.executable, "-P", "-c", SESSION],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(SOURCE_FOLDERS)},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "begun detached False",
        "connected not detached True",
        "lost detached False",
        "ended set()",
    ]
