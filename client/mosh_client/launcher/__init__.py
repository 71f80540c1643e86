"""The parent of the other two processes: it holds neither key nor socket, and puts the terminal back."""
