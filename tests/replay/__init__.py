"""What tools send, replayed against comet and against a real MariaDB, and the answers compared."""
