"""Native scroll: what scrolled off the session's screen goes into the scrollback of the user's own terminal."""
