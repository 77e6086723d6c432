"""The server side of the MySQL client/server protocol, version 4.1: a pure core and a Twisted edge."""
