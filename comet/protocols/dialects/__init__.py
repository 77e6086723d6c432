"""What the text between a client and us says: pure codecs between that text and our commands and events."""
