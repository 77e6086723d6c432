"""A client for programs: a pure core, and thin drivers for Twisted and for asyncio."""
