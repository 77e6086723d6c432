"""
Janus as the media server of rooms: its JSON API over a WebSocket, and the conductor of its VideoRoom.

From the wire upward: C{wire} reads its texts, C{exchange} knows who waits for which answer, C{socket} and
C{link} keep a connection and a session. C{videoroom} has the words of the plug-in, C{signals} those of the
pages; C{sending} and C{receiving} are the two connections of a seat, and C{conductor} has the seats.
"""
