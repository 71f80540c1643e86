"""A flood is digested in batches that take about as long as the frame rate allows; a long one at its ease."""

from __future__ import annotations

from mosh_server.output.flood import (
    COSTLY_OCTETS,
    GROWTH_MS,
    LEAST_OCTETS,
    LONG_BATCH_OCTETS,
    LONG_FLOOD_MS,
    MOST_OCTETS,
    PAUSE_MS,
    REST_FACTOR,
    REST_LIMIT_MS,
    START_OCTETS,
    TARGET_MS,
    Batch,
    Rest,
)


def test_full_batches_that_are_digested_quickly_grow_to_the_limit():
    batch = Batch()
    sizes = []
    for _ in range(10):
        batch.digested(batch.octets, took_ms=1)
        sizes.append(batch.octets)
    assert sizes[0] == 2 * START_OCTETS
    assert sizes[-1] == MOST_OCTETS


def test_slow_ones_shrink_but_never_below_one_read():
    batch = Batch()
    for _ in range(10):
        batch.digested(batch.octets, took_ms=TARGET_MS + 1)
    assert batch.octets == LEAST_OCTETS


def test_a_small_batch_tells_nothing_about_big_ones():
    batch = Batch()
    batch.digested(10, took_ms=0)
    assert batch.octets == START_OCTETS


def test_a_short_batch_that_took_long_tells_nothing_either():
    batch = Batch()
    batch.digested(200, took_ms=10 * TARGET_MS)  # a table was made that was not needed before
    assert batch.octets == START_OCTETS


def test_a_size_that_is_fast_enough_grows_and_stays_where_it_takes_most_of_the_time():
    batch = Batch()
    batch.digested(batch.octets, took_ms=GROWTH_MS)
    assert batch.octets == 2 * START_OCTETS
    batch.digested(batch.octets, took_ms=GROWTH_MS + 1)
    assert batch.octets == 2 * START_OCTETS


def test_what_is_costly_is_read_in_little_pieces():
    batch = Batch()
    for _ in range(2):
        batch.digested(batch.octets, took_ms=100 * TARGET_MS)
    assert batch.octets == COSTLY_OCTETS


def test_at_the_target_the_size_stays():
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


def test_a_flood_of_less_than_a_second_is_read_without_rest():
    assert flooded(turns=LONG_FLOOD_MS // 10).until < 10_000


def test_a_longer_one_leaves_the_machine_time_for_others():
    assert flooded(turns=LONG_FLOOD_MS // 10 + 1).until == 10_009 + 9 * REST_FACTOR


def test_no_rest_is_long():
    assert flooded(turns=LONG_FLOOD_MS // 10 + 1, took=500, apart=510).until == 10_500 + REST_LIMIT_MS


def test_a_trickle_needs_no_rest():
    assert flooded(turns=1000, octets=LONG_BATCH_OCTETS - 1).until < 10_000


def test_a_pause_ends_a_flood_whatever_trickles_in_it():
    rest = flooded(turns=200)
    before = rest.until
    again = before + PAUSE_MS + 1
    rest.read(100, began_at=again - 1, ended_at=again - 1)
    rest.read(LONG_BATCH_OCTETS, began_at=again, ended_at=again + 9)
    assert rest.until == before


def test_a_batch_cut_short_does_not_end_a_flood():
    rest = flooded(turns=200)
    rest.read(100, began_at=10_010, ended_at=10_011)
    rest.read(LONG_BATCH_OCTETS, began_at=10_012, ended_at=10_015)
    assert rest.until == 10_015 + 3 * REST_FACTOR


def test_the_rest_itself_is_no_pause():
    rest = flooded(turns=200)
    again = rest.until + PAUSE_MS
    rest.read(LONG_BATCH_OCTETS, began_at=again, ended_at=again + 1)
    assert rest.until == again + 1 + REST_FACTOR


def test_a_rest_can_be_ended():
    rest = flooded(turns=200)
    rest.end()
    assert rest.until == 0
