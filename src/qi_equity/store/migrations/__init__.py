"""The steps by which an older store becomes a newer one; run by store.schema alone."""
