"""What the processes of the client give up once they run, each mechanism of the system in a module of its own."""
