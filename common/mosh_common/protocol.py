"""The constants of Mosh protocol 2, each with its unit and its reason.

Values marked "upstream" are what mosh 1.4.0 was observed to use; the two ends need not share them, but users know the
resulting behaviour. Limits on what a peer controls stand beside the parser that enforces them, not here.
"""

from __future__ import annotations

from typing import Final

PROTOCOL_VERSION: Final = 2  # the only one in use since 2012; another ends the session

# --- Datagram -------------------------------------------------------------------------------------------------------

KEY_OCTETS: Final = 16  # AES-128
KEY_TEXT_LENGTH: Final = 22  # base64 of 16 octets without its "=="
NONCE_OCTETS: Final = 8  # what travels; the cipher's 12-octet nonce is four zeros and these
TAG_OCTETS: Final = 16
TIMESTAMPS_OCTETS: Final = 4  # timestamp and timestamp reply, two octets each
DATAGRAM_OVERHEAD: Final = NONCE_OCTETS + TIMESTAMPS_OCTETS + TAG_OCTETS
DATAGRAM_MIN_OCTETS: Final = NONCE_OCTETS + TAG_OCTETS
TO_CLIENT_BIT: Final = 1 << 63  # direction bit of the nonce: set on what the server sends
SEQUENCE_LIMIT: Final = 1 << 63  # sequence numbers are 63 bits; far beyond BLOCK_LIMIT
CIPHER_BLOCK_OCTETS: Final = 16
BLOCK_LIMIT: Final = 1 << 47  # AES blocks under one key and direction; OCB's birthday bound (RFC 7253 §5) is at 2^48

# --- Round-trip time ------------------------------------------------------------------------------------------------

TIMESTAMP_MODULUS: Final = 1 << 16
TIMESTAMP_NONE: Final = 0xFFFF
TIMESTAMP_HOLD_MS: Final = 1000  # a timestamp held longer is not echoed: the reply would measure our idleness
RTT_SAMPLE_LIMIT_MS: Final = 5000  # larger samples come from suspends and wrapped clocks
SRTT_START_MS: Final = 1000.0
RTTVAR_START_MS: Final = 500.0
RTO_MIN_MS: Final = 50
RTO_MAX_MS: Final = 1000
CONGESTION_PENALTY_MS: Final = 500  # taken off the saved timestamp on ECN-CE, so that the peer measures a slow link
CONGESTED_MS: Final = 5000  # a path with such a mark counts as congested for this long: nothing is repeated early

# --- Addresses and sockets ------------------------------------------------------------------------------------------

MTU_IPV4_OCTETS: Final = 1280 - 28  # IPv6's minimum link MTU less IPv4 and UDP headers: passes most tunnels
MTU_IPV6_OCTETS: Final = 1280 - 64  # less IPv6 and UDP headers and 16 octets for an extension header
MTU_FALLBACK_OCTETS: Final = 500  # after EMSGSIZE: below every link's minimum
PORTS_KEPT: Final = 10  # source ports that the client listens on at once
PORT_LIFETIME_MS: Final = 60_000  # old sockets are closed this long after the newest was chosen
HIGHEST_PORT: Final = 65535
PORT_RANGE: Final = (60001, 60999)  # inclusive; where servers bind unless told otherwise: firewalls are opened for it

# --- State synchronisation ------------------------------------------------------------------------------------------

SHUTDOWN_NUMBER: Final = (1 << 64) - 1  # new_num of the state that ends the session
SENT_STATES_LIMIT: Final = 32  # beyond, one is dropped from the middle of the list
SENT_STATES_DROP: Final = 16  # counted from the end
RECEIVED_STATES_LIMIT: Final = 1024
RECEIVED_QUENCH_MS: Final = 15_000  # past the limit, new states are refused for this long at a time
SEND_INTERVAL_MIN_MS: Final = 20  # 50 frames/s: faster is not seen
SEND_INTERVAL_MAX_MS: Final = 250  # 4 frames/s even on the slowest link
COLLECTION_DELAY_SERVER_MS: Final = 8  # upstream: an application's writes come in bursts; a frame waits for the burst
ACK_INTERVAL_MS: Final = 3000  # empty acks keep NAT bindings and the "last contact" clock alive
ACK_DELAY_MS: Final = 100  # a data ack waits this long for something to ride on; part of the peer's timeout
SHUTDOWN_TRIES: Final = 16
SHUTDOWN_TIMEOUT_MS: Final = 10_000
SHUTDOWN_ACK_COPIES: Final = 3  # who says it leaves at once, and the other side would wait for it
PROSPECTIVE_LIMIT_OCTETS: Final = 1000  # a diff from the acknowledged state may replace a shorter one below this size …
PROSPECTIVE_EXCESS_OCTETS: Final = 100  # … when it is longer by less than this: cheap insurance against loss
PROSPECTIVE_EXCESS_LOSSY_OCTETS: Final = 400  # the same on a link that loses datagrams: dearer, and likelier needed
CHAFF_MAX_OCTETS: Final = 16  # random length blurs what a listener learns from sizes

# --- Server ---------------------------------------------------------------------------------------------------------

ECHO_ACK_DELAY_MS: Final = 50  # time that an application gets to answer a key before the screen counts as its answer
