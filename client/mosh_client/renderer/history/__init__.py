"""What the renderer knows of the server's history."""
