"""Stock MySQL drivers of many languages, each in a program of its own that does what its users do."""
