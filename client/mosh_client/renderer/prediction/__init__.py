"""Showing keys before the server answers."""
