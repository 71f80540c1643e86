"""From one screen to another: the shortest octets that an emulator or a terminal takes there."""
