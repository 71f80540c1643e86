"""The network process: key, sockets, synchronisation, the emulator of what the server shows. No terminal."""
