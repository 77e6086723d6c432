"""Several processes as one server: what they tell each other, and by which way."""
