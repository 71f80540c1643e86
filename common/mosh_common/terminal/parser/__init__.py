"""From text to calls of a screen's methods."""
