"""The user's terminal: its settings, its description, its answers. For launcher and renderer."""
