"""mosh: logs in over the system's ssh and hands over to mosh-client."""
