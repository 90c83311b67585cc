"""What the four services have in common; knows none of them."""
