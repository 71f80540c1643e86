"""How long a silence means what: every threshold on one page, each with its reason.

A peer that is there is heard each 3 s (ACK_INTERVAL_MS). Numbers only, so that the renderer, which has nothing of the
synchronisation, goes by the same page. The rules over them are in sync/path/contact.py; how often is sent during a
silence is pacing's.
"""

from __future__ import annotations

from typing import Final

# --- Of a peer that was never heard -----------------------------------------------------------------------------------

CONNECT_PROBE_MS: Final = 250  # a first datagram without an answer is repeated after this time, doubled each time
CONNECTING_SHOWN_MS: Final = 250  # a connection quicker than this needs no explanation
CONNECT_TIMEOUT_MS: Final = 15_000  # as upstream's users know it: then a firewall is the likely cause
FIRST_CONTACT_TIMEOUT_MS: Final = 60_000  # a server that no client ever reached leaves

# --- Of a peer that was heard before ----------------------------------------------------------------------------------

HEARTBEAT_LATE_MS: Final = 3500  # the peer may be out of reach: when the machine's network stirs, that is worth a try
HEARTBEAT_MISSED_MS: Final = 4000  # one of its words was lost: a client probes, and tries the server's other addresses
SILENCE_SHOWN_MS: Final = 6500  # two of its words were lost: the user is told
HEARTBEATS_MISSED_MS: Final = 7000  # two, in spite of probes: these become the rarer, the longer it lasts
RESEND_WITHIN_MS: Final = 10_000  # nothing is sent again to a peer silent this long: the empty acks probe
ANSWER_HOPED_MS: Final = 10_000  # a server silent this long is not expected to answer a request to end, either
DETACH_AFTER_MS: Final = 40_000  # the server stops sending to a client silent this long

# --- Of a peer that is heard and acknowledges nothing -----------------------------------------------------------------

PORT_HOP_AFTER_MS: Final = 10_000  # a NAT or firewall may block the source port: the client tries another
UNANSWERED_SHOWN_MS: Final = 10_000  # the server is heard, but does not hear us: the user is told
