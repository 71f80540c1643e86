"""`make bench`: run the benchmarks, all or those named: `python -m tests.bench [terminal …]`.

Each `bench_NAME.py` beside this file has a `main() -> None` that prints ratios to a baseline of the same run.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path


def main() -> None:
    """Run the parts named on the command line, or all in order of name."""
    available = sorted(path.stem.removeprefix("bench_") for path in Path(__file__).parent.glob("bench_*.py"))
    wanted = sys.argv[1:] or available
    unknown = set(wanted) - set(available)
    if unknown:
        sys.exit(f"no benchmark called {', '.join(sorted(unknown))}; there are: {', '.join(available)}")
    for name in wanted:
        print(f"== {name}")
        importlib.import_module(f"tests.bench.bench_{name}").main()


if __name__ == "__main__":
    main()
