"""What the titles say, and for how long."""

from __future__ import annotations

import pytest

from mosh_client.renderer.drawing.title_bar import ANNOUNCED_MS, CLIPBOARD_SET, TitleBar
from mosh_client.settings import TITLE_PREFIX
from mosh_common.terminal.cells import Snapshot, blank_snapshot
from mosh_common.terminal.payloads import LONGEST_TITLE

NOW = 5_000_000


def titled(title: str, icon_name: str = "") -> Snapshot:
    return blank_snapshot(4, 2)._replace(title=title, icon_name=icon_name or title, title_set=True)


def titles(bar: TitleBar, screen: Snapshot, *, now: int = NOW) -> tuple[str, str]:
    shown = bar.over(screen, now=now)
    assert shown.title_set
    return shown.title, shown.icon_name


def test_a_prefix_stands_before_both() -> None:
    assert titles(TitleBar(prefix=TITLE_PREFIX), titled("vim", "v")) == ("[mosh] vim", "[mosh] v")
    assert titles(TitleBar(prefix=""), titled("vim")) == ("vim", "vim")


def test_a_screen_without_titles_has_none() -> None:
    screen = blank_snapshot(4, 2)
    assert TitleBar(prefix=TITLE_PREFIX).over(screen, now=NOW) is screen


@pytest.mark.parametrize("prefix", [TITLE_PREFIX, ""])
@pytest.mark.parametrize("announced", [False, True])
@pytest.mark.parametrize("excess", [-1, 0, 1])
def test_a_title_is_bounded_with_its_prefix(prefix: str, announced: bool, excess: int) -> None:
    bar = TitleBar(prefix=prefix)
    if announced:
        bar.announce_clipboard(now=NOW)
    leading = CLIPBOARD_SET if announced else prefix
    title = "x" * (LONGEST_TITLE - len(leading) + excess)
    icon_name = "y" * (LONGEST_TITLE - len(prefix) + excess)
    expected = (leading + title)[:LONGEST_TITLE], (prefix + icon_name)[:LONGEST_TITLE]
    assert titles(bar, titled(title, icon_name)) == expected
    assert max(map(len, expected)) == LONGEST_TITLE + min(excess, 0)


@pytest.mark.parametrize("prefix", [TITLE_PREFIX, ""])
def test_an_announcement_takes_the_prefixs_place_for_a_second(prefix: str) -> None:
    bar = TitleBar(prefix=prefix)
    assert bar.next_deadline(now=NOW) is None
    bar.announce_clipboard(now=NOW)
    assert titles(bar, titled("vim")) == ("[mosh: clipboard set] vim", f"{prefix}vim")
    deadline = bar.next_deadline(now=NOW)
    assert deadline == NOW + ANNOUNCED_MS
    assert titles(bar, titled("less"), now=deadline - 1)[0] == "[mosh: clipboard set] less"
    assert titles(bar, titled("less"), now=deadline)[0] == f"{prefix}less"
    assert bar.next_deadline(now=deadline) is None


def test_an_announcement_is_made_without_a_title_too() -> None:
    bar, screen = TitleBar(prefix=TITLE_PREFIX), blank_snapshot(4, 2)
    bar.announce_clipboard(now=NOW)
    assert titles(bar, screen) == (CLIPBOARD_SET, "")
    assert bar.over(screen, now=NOW + ANNOUNCED_MS) is screen


def test_a_second_announcement_prolongs_the_first() -> None:
    bar = TitleBar(prefix="")
    bar.announce_clipboard(now=NOW)
    bar.announce_clipboard(now=NOW + 900)
    assert titles(bar, titled("vim"), now=NOW + 1899)[0] == "[mosh: clipboard set] vim"
    assert titles(bar, titled("vim"), now=NOW + 1900)[0] == "vim"
