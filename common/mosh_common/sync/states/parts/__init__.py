"""What the server's state is made of: one file for each part, and the table of ours."""
