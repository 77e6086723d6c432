"""A load for servers: browsers that listen, backends that publish, and the count of what came of it."""
