"""`mosh --doctor [host]`: what keeps a session from working, or makes it bad; a line for each thing, and a verdict."""
