"""What can be done with whole fingerprint stores: make them compact, join them, check them, count what is in them."""
