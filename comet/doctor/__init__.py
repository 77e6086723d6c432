"""What C{comet doctor} looks at: the machine, the services, and the public address of a server."""
