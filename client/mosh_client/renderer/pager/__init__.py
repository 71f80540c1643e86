"""The pager: what scrolled away, shown over the live screen."""
