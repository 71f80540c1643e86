"""The thin layer that touches sockets and descriptors."""
