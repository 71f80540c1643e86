"""What can be done to a row: pure functions from row to row.

They keep the two promises of cells.py: text and styles stay exactly as long as the row, and a wide character has
both its halves or none. What is left of one that lost a half is as erased: blank, in the style `orphan` (without it: in
its own).

Each costs a few slices of strings and tuples, however many clusters the row has: programs decide how often they run.
"""

from __future__ import annotations

from typing import NamedTuple

from mosh_common.terminal.cells import (
    CLUSTER,
    EMPTY,
    NO_CLUSTERS,
    WIDE_TAIL,
    Clusters,
    Graphemes,
    Row,
    cell_text,
    graphemes_of,
    octets_of,
)


class Span(NamedTuple):
    """Part of a row, whole characters only; cluster columns count from its start."""

    text: str
    letters: str
    clusters: Clusters = NO_CLUSTERS


def blank_span(length: int, letter: str) -> Span:
    """Return `length` erased columns."""
    return Span(EMPTY * length, letter * length)


def _clusters(text: str, graphemes: tuple[str, ...]) -> Clusters:
    """Return the clusters of `text`, whose graphemes are these."""
    return Graphemes(text, graphemes) if graphemes else NO_CLUSTERS


def joined(first: Span, second: Span) -> Span:
    """Return the two spans side by side."""
    text = first.text + second.text
    clusters: Clusters = NO_CLUSTERS
    if first.clusters or second.clusters:
        clusters = _clusters(text, graphemes_of(first.clusters) + graphemes_of(second.clusters))
    return Span(text, first.letters + second.letters, clusters)


def span(row: Row, start: int, end: int, orphan: str = "") -> Span:
    """Return columns `start` to `end` (exclusive); halves of characters that reach beyond are blank."""
    text, letters, _, clusters = row
    part, letters = text[start:end], letters[start:end]
    before = part
    if part and part[0] == WIDE_TAIL:
        part = EMPTY + part[1:]
        letters = (orphan or letters[0]) + letters[1:]
    if part and end < len(text) and text[end] == WIDE_TAIL:
        part = part[:-1] + EMPTY
        letters = letters[:-1] + (orphan or letters[-1])
    if clusters:
        if part is before and part == text:
            return Span(part, letters, clusters)
        count = part.count(CLUSTER)
        if count:
            first = text.count(CLUSTER, 0, start)
            clusters = Graphemes(part, graphemes_of(clusters)[first : first + count])
        else:
            clusters = NO_CLUSTERS
    return Span(part, letters, clusters)


def put(row: Row, start: int, new: Span, orphan: str = "") -> Row:
    """Return `row` with `new` from column `start` on; it must fit."""
    text, letters, wrapped, clusters = row
    added, added_letters, added_clusters = new
    end = start + len(added)
    if start == end:
        return row
    columns = len(text)
    head, before, tail, after = text[:start], letters[:start], text[end:], letters[end:]
    if start and text[start] == WIDE_TAIL:
        head = head[:-1] + EMPTY
        before = before[:-1] + (orphan or before[-1])
    if end < columns:
        if text[end] == WIDE_TAIL:
            tail = EMPTY + tail[1:]
            after = (orphan or after[0]) + after[1:]
    else:
        wrapped = False  # the last column is no longer what the wrap went on from
    result = f"{head}{added}{tail}"
    if clusters or added_clusters:
        kept = head.count(CLUSTER)  # left of what is put
        lost = text.count(CLUSTER, 0, end) - kept if clusters else 0
        if lost or added_clusters:
            old = graphemes_of(clusters)
            clusters = _clusters(result, old[:kept] + graphemes_of(added_clusters) + old[kept + lost :])
    return (result, f"{before}{added_letters}{after}", wrapped, clusters)


def erase(row: Row, start: int, end: int, letter: str) -> Row:
    """Return `row` with columns `start` to `end` (exclusive) blank."""
    return put(row, start, blank_span(end - start, letter), letter)


def erase_cells(row: Row, start: int, erased: list[bool], letter: str) -> Row:
    """Return `row` blank in those columns from `start` on that are marked; whole characters only."""
    text, letters, wrapped, clusters = row
    end = start + len(erased)
    kept = "".join([EMPTY if gone else char for char, gone in zip(text[start:end], erased, strict=True)])
    result = text[:start] + kept + text[end:]
    style = "".join([letter if gone else old for old, gone in zip(letters[start:end], erased, strict=True)])
    if erased[-1] and end == len(text):
        wrapped = False
    if clusters:
        columns = [column for column, char in enumerate(text) if char == CLUSTER]
        graphemes = zip(columns, graphemes_of(clusters), strict=True)
        clusters = _clusters(result, tuple(grapheme for column, grapheme in graphemes if result[column] == CLUSTER))
    return (result, letters[:start] + style + letters[end:], wrapped, clusters)


def insert(row: Row, at: int, end: int, count: int, letter: str) -> Row:
    """Return `row` with `count` blanks inserted at column `at`; what is pushed beyond `end` is lost."""
    count = min(count, end - at)
    text, letters, wrapped, clusters = row
    stay = end - count
    columns = len(text)
    if WIDE_TAIL in (text[at], text[stay : stay + 1], text[end : end + 1]):
        return put(row, at, joined(blank_span(count, letter), span(row, at, stay, letter)), letter)
    result = f"{text[:at]}{EMPTY * count}{text[at:stay]}{text[end:]}"
    if clusters:
        kept, lost = text.count(CLUSTER, 0, stay), text.count(CLUSTER, stay, end)
        old = graphemes_of(clusters)
        clusters = _clusters(result, old[:kept] + old[kept + lost :] if lost else old)
    letters = f"{letters[:at]}{letter * count}{letters[at:stay]}{letters[end:]}"
    return (result, letters, wrapped and end < columns, clusters)


def delete(row: Row, at: int, end: int, count: int, letter: str) -> Row:
    """Return `row` without `count` columns from `at` on; what follows up to `end` moves up, blanks come in."""
    count = min(count, end - at)
    text, letters, wrapped, clusters = row
    rest = at + count
    columns = len(text)
    if WIDE_TAIL in (text[at], text[rest : rest + 1], text[end : end + 1]):
        return put(row, at, joined(span(row, rest, end, letter), blank_span(count, letter)), letter)
    result = f"{text[:at]}{text[rest:end]}{EMPTY * count}{text[end:]}"
    if clusters:
        kept, lost = text.count(CLUSTER, 0, at), text.count(CLUSTER, at, rest)
        old = graphemes_of(clusters)
        clusters = _clusters(result, old[:kept] + old[kept + lost :] if lost else old)
    letters = f"{letters[:at]}{letters[rest:end]}{letter * count}{letters[end:]}"
    return (result, letters, wrapped and end < columns, clusters)


def resized(row: Row, columns: int, letter: str) -> Row:
    """Return `row` cut or filled at the right."""
    text, letters, _, clusters = row
    if columns < len(text):
        cut = span(row, 0, columns, letter)
        return (cut.text, cut.letters, False, cut.clusters or NO_CLUSTERS)
    added = columns - len(text)
    return (text + EMPTY * added, letters + letter * added, False, clusters)


def restyled(row: Row, start: int, letters: str) -> Row:
    """Return `row` with other styles from column `start` on."""
    text, old, wrapped, clusters = row
    return (text, f"{old[:start]}{letters}{old[start + len(letters) :]}", wrapped, clusters)


def combined(row: Row, column: int, marks: str, limit: int) -> Row:
    """Return `row` with those of `marks` joined to the grapheme at `column` with which it keeps to `limit` octets."""
    text, letters, wrapped, clusters = row
    at = text.count(CLUSTER, 0, column)
    old = graphemes_of(clusters)
    grapheme = old[at] if text[column] == CLUSTER else cell_text(row, column)
    room = limit - octets_of(grapheme)
    before = len(grapheme)
    for mark in marks:
        if room <= 1:  # none is ASCII
            break
        octets = octets_of(mark)
        if octets <= room:
            grapheme += mark
            room -= octets
    if len(grapheme) == before:
        return row
    if text[column] == CLUSTER:
        return (text, letters, wrapped, Graphemes(text, (*old[:at], grapheme, *old[at + 1 :])))
    text = f"{text[:column]}{CLUSTER}{text[column + 1 :]}"
    return (text, letters, wrapped, Graphemes(text, (*old[:at], grapheme, *old[at:])))
