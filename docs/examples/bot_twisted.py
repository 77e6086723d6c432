"""Answers to whoever says something in the channel web_demo."""

from twisted.internet.defer import Deferred
from twisted.internet.task import react

from comet.client.twisted import Client


async def main(reactor):
    async with Client("ws://127.0.0.1:8087") as client:
        async for message in await client.subscribe("web_demo"):
            print(message.event, message.data, flush=True)
            await client.publish("web_demo", {"answer to": message.data}, event="echo")
            break


react(lambda reactor: Deferred.fromCoroutine(main(reactor)))
