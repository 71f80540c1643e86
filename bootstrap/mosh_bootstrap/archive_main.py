"""What Python runs of mosh.pyz, as its __main__: puts the archive's folders in front and hands over to launch.py.

Byte code for one Python lies in a folder of its own; for any other there are the sources. Any Python 3 must be able to
read this: launch.py says it when one is too old.
"""

import os
import sys

if __name__ == "__main__":
    HERE = os.path.dirname(__file__)
    ARCHIVE = os.path.abspath(HERE)  # the server leaves the directory in which it was started, and imports more later
    FOLDERS = [os.path.join(ARCHIVE, "py{}{}".format(*sys.version_info[:2])), ARCHIVE]
    sys.path[:] = FOLDERS + [folder for folder in sys.path if folder not in (HERE, ARCHIVE)]

    from mosh_bootstrap.launch import main  # it is found there

    sys.exit(main())
