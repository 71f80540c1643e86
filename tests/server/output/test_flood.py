"""A flood is digested in batches that take about as long as the frame rate allows; a long one at its ease.

And it makes way for the answer to what is typed.
"""

from __future__ import annotations

import pytest

from mosh_common.sync.pacing import ANSWER_WITHIN_MS, NO_INTERACTION, Interaction
from mosh_server.output.flood import (
    ANSWER_OCTETS,
    COSTLY_OCTETS,
    FEWER_FRAMES_OCTETS,
    GLANCE_INTERVAL_MS,
    GROWTH_MS,
    LEAST_OCTETS,
    LONG_BATCH_OCTETS,
    LONG_FLOOD_MS,
    MORE_FOLLOWS_OCTETS,
    MOST_OCTETS,
    PAUSE_MS,
    PROMPT_OCTETS,
    READING_NS,
    REFILL_MS,
    REST_FACTOR,
    REST_LIMIT_MS,
    START_OCTETS,
    TARGET_MS,
    TYPED_OCTETS,
    Batch,
    Flood,
    Rest,
)


def test_full_batches_that_are_digested_quickly_grow_to_the_limit() -> None:
    batch = Batch()
    sizes = []
    for _ in range(10):
        batch.digested(batch.octets, took_ms=1)
        sizes.append(batch.octets)
    assert sizes[0] == 2 * START_OCTETS
    assert sizes[-1] == MOST_OCTETS


def test_slow_ones_shrink_but_never_below_one_read() -> None:
    batch = Batch()
    for _ in range(10):
        batch.digested(batch.octets, took_ms=TARGET_MS + 1)
    assert batch.octets == LEAST_OCTETS


def test_a_small_batch_tells_nothing_about_big_ones() -> None:
    batch = Batch()
    batch.digested(10, took_ms=0)
    assert batch.octets == START_OCTETS


def test_a_short_batch_that_took_long_tells_nothing_either() -> None:
    batch = Batch()
    batch.digested(200, took_ms=10 * TARGET_MS)  # a table was made that was not needed before
    assert batch.octets == START_OCTETS


def test_a_size_that_is_fast_enough_grows_and_stays_where_it_takes_most_of_the_time() -> None:
    batch = Batch()
    batch.digested(batch.octets, took_ms=GROWTH_MS)
    assert batch.octets == 2 * START_OCTETS
    batch.digested(batch.octets, took_ms=GROWTH_MS + 1)
    assert batch.octets == 2 * START_OCTETS


def test_what_is_costly_is_read_in_little_pieces() -> None:
    batch = Batch()
    for _ in range(2):
        batch.digested(batch.octets, took_ms=100 * TARGET_MS)
    assert batch.octets == COSTLY_OCTETS


def test_at_the_target_the_size_stays() -> None:
    batch = Batch()
    batch.digested(batch.octets, took_ms=TARGET_MS)
    assert batch.octets == START_OCTETS


def flooded(*, turns: int, octets: int = LONG_BATCH_OCTETS, took: int = 9, apart: int = 10) -> Rest:
    """Return what is known after so many turns of `octets` each, the last of which began at 10 000 ms."""
    rest = Rest()
    for turn in range(turns):
        began_at = 10_000 - (turns - 1 - turn) * apart
        rest.read(octets, began_at=began_at, ended_at=began_at + took)
    return rest


def test_a_flood_of_less_than_a_second_is_read_without_rest() -> None:
    assert flooded(turns=LONG_FLOOD_MS // 10).until < 10_000


def test_a_longer_one_leaves_the_machine_time_for_others() -> None:
    assert flooded(turns=LONG_FLOOD_MS // 10 + 1).until == 10_009 + 9 * REST_FACTOR


def test_no_rest_is_long() -> None:
    assert flooded(turns=LONG_FLOOD_MS // 10 + 1, took=500, apart=510).until == 10_500 + REST_LIMIT_MS


def test_a_trickle_needs_no_rest() -> None:
    assert flooded(turns=1000, octets=LONG_BATCH_OCTETS - 1).until < 10_000


def test_a_pause_ends_a_flood_whatever_trickles_in_it() -> None:
    rest = flooded(turns=200)
    before = rest.until
    again = before + PAUSE_MS + 1
    rest.read(100, began_at=again - 1, ended_at=again - 1)
    rest.read(LONG_BATCH_OCTETS, began_at=again, ended_at=again + 9)
    assert rest.until == before


def test_a_batch_cut_short_does_not_end_a_flood() -> None:
    rest = flooded(turns=200)
    rest.read(100, began_at=10_010, ended_at=10_011)
    rest.read(LONG_BATCH_OCTETS, began_at=10_012, ended_at=10_015)
    assert rest.until == 10_015 + 3 * REST_FACTOR


def test_the_rest_itself_is_no_pause() -> None:
    rest = flooded(turns=200)
    again = rest.until + PAUSE_MS
    rest.read(LONG_BATCH_OCTETS, began_at=again, ended_at=again + 1)
    assert rest.until == again + 1 + REST_FACTOR


def test_a_rest_can_be_ended() -> None:
    rest = flooded(turns=200)
    rest.end()
    assert rest.until == 0


# --- Answers and floods, as the pacing of frames is told of them ------------------------------------------------------

NOW = 50_000


def after(typed: bytes, *printed: int, late: int = 0) -> Interaction:
    """Return what is known after a key, and so many octets from the application."""
    flood = Flood(now=NOW)
    flood.typed(typed, now=NOW - late)
    for octets in printed:
        flood.printed(b"x" * octets, now=NOW)
    return flood.interaction()


@pytest.mark.parametrize("typed", [b"a", "ß".encode(), b"\x7f", b"\x08", b"\x1b[A", b"x" * TYPED_OCTETS])
def test_one_write_answers_a_character(typed: bytes) -> None:
    assert after(typed, 1) == Interaction(answering=True, plain=True)


@pytest.mark.parametrize("typed", [b"\r", b"\x03", b"ls\r"])
def test_what_starts_programs_is_answered_in_several(typed: bytes) -> None:
    assert after(typed, 1) == Interaction(answering=True, plain=False)


def test_a_paste_a_new_screen_and_late_output_are_no_answers() -> None:
    assert not after(b"x" * (TYPED_OCTETS + 1), 1).answering
    assert after(b"a", ANSWER_OCTETS).answering
    assert not after(b"a", ANSWER_OCTETS + 1).answering
    assert not after(b"a", ANSWER_OCTETS + 1, 1).answering
    assert after(b"a", 1, late=ANSWER_WITHIN_MS).answering
    assert not after(b"a", 1, late=ANSWER_WITHIN_MS + 1).answering


def test_a_prompt_ends_in_a_space() -> None:
    flood = Flood(now=NOW)
    flood.printed(b"$ ", now=NOW)
    assert flood.interaction() == Interaction(prompt=True)
    flood.printed(b"$ ls", now=NOW)
    assert flood.interaction() == NO_INTERACTION


def test_what_is_printed_at_once_is_a_flood_when_it_is_very_much() -> None:
    assert after(b"", FEWER_FRAMES_OCTETS).flood
    assert not after(b"", FEWER_FRAMES_OCTETS - 1).flood
    assert not after(b"", FEWER_FRAMES_OCTETS, 1).flood


def flooded_and_typed(*printed: int, typed: bytes = b"\x03") -> Flood:
    """Return a flood into which something was typed at NOW, and so many octets after that, each time 2 ms later."""
    flood = Flood(now=NOW)
    flood.printed(b"x" * 100_000, now=NOW - 10)
    flood.typed(typed, now=NOW)
    for index, octets in enumerate(printed, 1):
        flood.printed(b"x" * octets, now=NOW + 2 * index)
    return flood


def test_the_rest_of_a_flood_comes_before_the_answer_to_what_was_typed_into_it() -> None:
    assert flooded_and_typed().interaction() == Interaction(answering=True, flood=True, typed_into_flood_at=NOW)
    assert flooded_and_typed(100_000).interaction() == flooded_and_typed().interaction()
    answered = flooded_and_typed(100_000, 30).interaction()
    assert answered == Interaction(answering=True, typed_into_flood_at=NOW)
    assert answered.flood_broken(at=NOW + 4)
    assert not flooded_and_typed(100_000, 30, 100_000).interaction().answering


def test_a_paste_into_a_flood_has_no_answer() -> None:
    assert flooded_and_typed(typed=b"x" * (TYPED_OCTETS + 1)).interaction() == Interaction(flood=True)


def test_the_pacing_knows_of_a_rest_as_of_the_last_reading() -> None:
    flood = Flood(now=NOW)
    flood.read(LONG_BATCH_OCTETS, began_at=NOW - LONG_FLOOD_MS, ended_at=NOW)
    assert flood.rests_until == flood.interaction().rests_until == NOW + REST_LIMIT_MS
    flood.end_rest()
    assert flood.rests_until == 0
    assert flood.interaction().rests_until == NOW + REST_LIMIT_MS
    flood.read(1, began_at=NOW + 1, ended_at=NOW + 1)
    assert flood.interaction() == NO_INTERACTION


# --- One reading ------------------------------------------------------------------------------------------------------


def test_a_reading_is_gone_on_with_for_a_few_milliseconds() -> None:
    flood = Flood(now=NOW)
    assert flood.patience_ms(b"x" * 4096, now_ns=0) == 0
    assert flood.patience_ms(b"", now_ns=1) == REFILL_MS
    assert flood.patience_ms(b"x" * 4096, now_ns=READING_NS - 1) == 0
    assert flood.patience_ms(b"x" * 4096, now_ns=READING_NS) is None
    flood.read(8192, began_at=NOW, ended_at=NOW + 8)
    assert flood.patience_ms(b"x" * 4096, now_ns=READING_NS) == 0  # the next one


def test_a_prompt_ends_a_reading() -> None:
    flood = Flood(now=NOW)
    assert flood.patience_ms(b"x" * (PROMPT_OCTETS - 1) + b" ", now_ns=0) is None
    assert flood.patience_ms(b"x" * PROMPT_OCTETS + b" ", now_ns=0) == 0


# --- Glances ----------------------------------------------------------------------------------------------------------


def test_the_screen_is_only_glanced_at_while_more_follows() -> None:
    flood = Flood(now=NOW)
    flood.printed(b"x" * (MORE_FOLLOWS_OCTETS - 1), now=NOW)
    assert flood.may_look(now=NOW)
    flood.printed(b"x" * MORE_FOLLOWS_OCTETS, now=NOW)
    assert not flood.may_look(now=NOW + GLANCE_INTERVAL_MS - 1)
    assert flood.may_look(now=NOW + GLANCE_INTERVAL_MS)
    flood.looked(now=NOW + GLANCE_INTERVAL_MS)
    assert flood.glance_at == NOW + 2 * GLANCE_INTERVAL_MS


def test_what_is_left_of_a_broken_flood_is_looked_at_at_once() -> None:
    assert flooded_and_typed(FEWER_FRAMES_OCTETS - 1).may_look(now=NOW + 2)
    assert not flooded_and_typed(FEWER_FRAMES_OCTETS).may_look(now=NOW + 2)
