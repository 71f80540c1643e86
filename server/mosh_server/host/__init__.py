"""What a session does to the machine that it runs on."""
