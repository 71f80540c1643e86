"""The session's own door: how it is found, asked, handed over and ended from its own machine."""
