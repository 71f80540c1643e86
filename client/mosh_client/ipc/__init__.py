"""The typed messages between the network process and the renderer."""
