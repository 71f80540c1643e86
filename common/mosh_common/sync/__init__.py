"""State synchronisation over datagrams, without input or output, clock or randomness."""
