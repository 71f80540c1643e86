"""The two states that are synchronised: what the user did, what the screen shows."""
