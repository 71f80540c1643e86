"""On the way from the pty to the client."""
