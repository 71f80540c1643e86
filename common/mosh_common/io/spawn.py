"""Starting a program that can ask nobody, and whose output is wanted. Knows nothing of what it says."""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Mapping, Sequence


def spawn_for_output(
    words: Sequence[str], environ: Mapping[str, str], *, errors: bool = False, apart: bool = False
) -> tuple[int, int]:
    """Start the program that `words` begin with, a path or a name in our PATH; return (pid, descriptor of its output).

    Its standard input is /dev/null. `errors`: its standard error comes as output, too; else nobody sees it. `apart`:
    in a session of its own, without a terminal, at which what it starts could ask something all the same. The caller
    closes the descriptor and waits for the process. Raises OSError when it cannot be started, ValueError when `words`
    cannot be a program's.
    """
    read_end, write_end = os.pipe()
    try:
        pid = os.posix_spawnp(
            words[0],
            list(words),
            environ,
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_DUP2, write_end, 1),
                (os.POSIX_SPAWN_DUP2, write_end, 2) if errors else (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
            ],
            setsigdef=[signal.SIGPIPE],  # Python ignores it, and exec would pass that on
            setsid=apart,
        )
    except NotImplementedError as error:  # no setsid to be had when starting
        os.close(read_end)
        raise OSError(errno.ENOTSUP, os.strerror(errno.ENOTSUP)) from error
    except (OSError, ValueError):
        os.close(read_end)
        raise
    finally:
        os.close(write_end)
    return pid, read_end
