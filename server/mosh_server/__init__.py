"""mosh-server: the process on the remote machine that owns the pty."""
