"""The thresholds of silence belong to each other and to the heartbeat."""

from __future__ import annotations

from mosh_common import silence
from mosh_common.protocol import ACK_INTERVAL_MS
from mosh_common.sync.pacing import HEARTBEAT_SLACK_MS


def test_a_peer_in_reach_trips_none_and_each_further_heartbeat_that_fails_to_come_means_more() -> None:
    heartbeat = ACK_INTERVAL_MS + HEARTBEAT_SLACK_MS  # the seldomest
    assert heartbeat < silence.HEARTBEAT_LATE_MS < silence.HEARTBEAT_MISSED_MS < 2 * ACK_INTERVAL_MS
    assert 2 * ACK_INTERVAL_MS < silence.SILENCE_SHOWN_MS < silence.HEARTBEATS_MISSED_MS < 3 * ACK_INTERVAL_MS


def test_a_client_that_does_not_connect_fails_before_its_server_leaves() -> None:
    assert silence.CONNECT_PROBE_MS < silence.CONNECT_TIMEOUT_MS < silence.FIRST_CONTACT_TIMEOUT_MS
