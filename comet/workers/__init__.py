"""Several processes on one machine as one server: the parent, which holds the ports, and its workers."""
