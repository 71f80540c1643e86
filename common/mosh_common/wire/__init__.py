"""Keys, datagrams, fragments and messages: bytes to values and back, without input or output."""
