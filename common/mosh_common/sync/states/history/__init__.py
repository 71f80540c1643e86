"""The two objects of channel 1: what the client wants of the history, and what the server says to that."""
