"""Which worker of xdist gets which file: as `--dist loadfile` has it, at a price that does not grow with the files."""

from __future__ import annotations

from typing import Any

from xdist.scheduler import LoadFileScheduling


class ForgetfulScheduling(LoadFileScheduling):
    """Drops a file when its last test is over; xdist keeps it, and counts through all that it keeps after each test."""

    def mark_test_complete(self, node: Any, item_index: int, duration: float = 0) -> None:
        super().mark_test_complete(node, item_index, duration)
        file = self._split_scope(self.registered_collections[node][item_index])
        files = self.assigned_work[node]
        if all(files[file].values()):
            del files[file]
