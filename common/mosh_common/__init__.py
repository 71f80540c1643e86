"""What both ends of a session share: the wire, the terminal and their synchronisation.

Imports nothing here on purpose: each process pays only for the modules that it names.
"""
