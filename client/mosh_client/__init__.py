"""mosh-client: a launcher, a network process and a renderer."""
