"""What the renderer process is made of: tty, prediction, notices, drawing."""
