"""On the way from the client to the pty."""
