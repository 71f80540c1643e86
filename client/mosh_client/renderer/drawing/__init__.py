"""From the server's screen to the octets for the user's terminal, with bars, title and bells."""
