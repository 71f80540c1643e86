"""The terminal emulator and the frame diff, without input or output."""
