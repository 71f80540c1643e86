"""What is known of the path between the two ends: round trip, loss, size of datagrams, address."""
