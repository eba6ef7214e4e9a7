"""What is asked of a snapshot, one module per kind of question; `indicators.store.Store` joins them."""
