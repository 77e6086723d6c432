"""Answers to whoever says something in the channel web_demo."""

import asyncio

from comet.client.asyncio import Client


async def main():
    async with Client("ws://127.0.0.1:8087") as client:
        async for message in await client.subscribe("web_demo"):
            print(message.event, message.data, flush=True)
            await client.publish("web_demo", {"answer to": message.data}, event="echo")
            break


asyncio.run(main())
