"""What scrolled off the top of the screen: kept by the server, shown by the client."""
