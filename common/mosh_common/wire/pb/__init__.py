"""Generated protobuf messages; see mosh.proto. Importing them costs some 20 ms: only when a datagram needs them."""
