"""What can be done to a row: pure functions from row to row.

They keep the two promises of cells.py: text and styles stay exactly as long as the row, and a wide character has
both its halves or none. What is left of one that lost a half is as erased: blank, in the style `orphan` (without it: in
its own).
"""

from __future__ import annotations

from typing import NamedTuple

from mosh_common.terminal.cells import CLUSTER, EMPTY, NO_CLUSTERS, WIDE_TAIL, Clusters, Row


class Span(NamedTuple):
    """Part of a row, whole characters only; cluster columns count from its start."""

    text: str
    letters: str
    clusters: Clusters = NO_CLUSTERS


def blank_span(length: int, letter: str) -> Span:
    """Return `length` erased columns."""
    return Span(EMPTY * length, letter * length)


def joined(first: Span, second: Span) -> Span:
    """Return the two spans side by side."""
    clusters = first.clusters
    if second.clusters:
        offset = len(first.text)
        clusters = {**clusters, **{column + offset: text for column, text in second.clusters.items()}}
    return Span(first.text + second.text, first.letters + second.letters, clusters)


def span(row: Row, start: int, end: int, orphan: str = "") -> Span:
    """Return columns `start` to `end` (exclusive); halves of characters that reach beyond are blank."""
    text, letters, _, clusters = row
    part, letters = text[start:end], letters[start:end]
    if part and part[0] == WIDE_TAIL:
        part = EMPTY + part[1:]
        letters = (orphan or letters[0]) + letters[1:]
    cut = bool(part) and end < len(text) and text[end] == WIDE_TAIL
    if cut:
        part = part[:-1] + EMPTY
        letters = letters[:-1] + (orphan or letters[-1])
    if clusters:
        last = end - 1 if cut else end
        clusters = {column - start: grapheme for column, grapheme in clusters.items() if start <= column < last}
    return Span(part, letters, clusters)


def put(row: Row, start: int, new: Span, orphan: str = "") -> Row:
    """Return `row` with `new` from column `start` on; it must fit."""
    text, letters, wrapped, clusters = row
    end = start + len(new.text)
    if start == end:
        return row
    head, tail = text[:start], text[end:]
    before, after = letters[:start], letters[end:]
    if start and text[start] == WIDE_TAIL:
        head = head[:-1] + EMPTY
        before = before[:-1] + (orphan or before[-1])
    if tail:
        if tail[0] == WIDE_TAIL:
            tail = EMPTY + tail[1:]
            after = (orphan or after[0]) + after[1:]
    else:
        wrapped = False  # the last column is no longer what the wrap went on from
    result = head + new.text + tail
    if clusters or new.clusters:
        kept = {column: grapheme for column, grapheme in clusters.items() if result[column] == CLUSTER}
        for column in [column for column in kept if start <= column < end]:
            del kept[column]
        for column, grapheme in new.clusters.items():
            kept[start + column] = grapheme
        clusters = kept or NO_CLUSTERS
    return (result, before + new.letters + after, wrapped, clusters)


def erase(row: Row, start: int, end: int, letter: str) -> Row:
    """Return `row` with columns `start` to `end` (exclusive) blank."""
    return put(row, start, blank_span(end - start, letter), letter)


def insert(row: Row, at: int, end: int, count: int, letter: str) -> Row:
    """Return `row` with `count` blanks inserted at column `at`; what is pushed beyond `end` is lost."""
    count = min(count, end - at)
    return put(row, at, joined(blank_span(count, letter), span(row, at, end - count, letter)), letter)


def delete(row: Row, at: int, end: int, count: int, letter: str) -> Row:
    """Return `row` without `count` columns from `at` on; what follows up to `end` moves up, blanks come in."""
    count = min(count, end - at)
    return put(row, at, joined(span(row, at + count, end, letter), blank_span(count, letter)), letter)


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
    return (text, old[:start] + letters + old[start + len(letters) :], wrapped, clusters)
