"""A flood is digested in batches that take about as long as the frame rate allows."""

from __future__ import annotations

from mosh_server.batch import LEAST_OCTETS, MOST_OCTETS, START_OCTETS, TARGET_MS, Batch


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


def test_at_the_target_the_size_stays():
    batch = Batch()
    batch.digested(batch.octets, took_ms=TARGET_MS)
    assert batch.octets == START_OCTETS
