"""Words of a command line, as getopt(3) reads them: what argparse knows, at no cost of time when a program starts.

What is unknown, missing or superfluous is the program's to judge: mosh-server goes on where the others refuse.
"""

from __future__ import annotations

from collections.abc import Iterator


def letters(word: str, following: list[str], *, with_value: str) -> Iterator[tuple[str, str | None]]:
    """Yield (letter, value) of a word of short options, "-vp60001": "" for a letter that takes no value.

    Letters of `with_value` take the rest of the word, or the first of the words `following`, which is taken off; None
    when there is none.
    """
    rest = word[1:]
    while rest:
        letter, rest = rest[0], rest[1:]
        if letter in with_value:
            yield letter, rest or (following.pop(0) if following else None)
            return
        yield letter, ""
