"""Members as data (``card``), the bundle that holds them, and the sessions that run them."""
