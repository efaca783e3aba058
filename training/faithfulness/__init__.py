"""Is the thought real? What a mind does when its thought is changed before it acts."""
