"""The way to a server, measured by a short session that nobody sees: `mosh-client --probe`."""
