"""Tests for L{comet.ports}."""

import socket

from twisted.internet import reactor
from twisted.internet.protocol import Factory, Protocol
from twisted.trial.unittest import SynchronousTestCase, TestCase

from comet import ports
from comet.config import CannotStart, Config
from comet.ports import Port


class PortTests(SynchronousTestCase):
    """Ports that are bound at once."""

    def many(self, port=0, count=3):
        found = Port.bind_many("ws", "127.0.0.1", port, count)
        self.addCleanup(ports.close_all, found)
        return found

    def test_several_share_a_port(self):
        """Which the first one has found free."""
        self.assertEqual(len({each.port for each in self.many()}), 1)

    def test_a_port_of_others(self):
        """Is not shared, though they would share it: who takes it says what to change."""
        first = self.many()[0]
        first.socket.listen()
        taken = first.port
        error = self.assertRaises(CannotStart, Port.bind_many, "ws", "127.0.0.1", taken, 2)
        self.assertIn(f"[ws] cannot listen on 127.0.0.1, port {taken}", str(error))

    def test_one_that_is_taken_gives_all_back(self):
        """Nothing stays bound."""
        with socket.create_server(("127.0.0.1", 0)) as server:
            taken = server.getsockname()[1]
            free = self.many(count=1)[0]
            free.close()
            text = f"[ws]\nport = {free.port}\n[cometql]\nport = {taken}\n"
            self.assertRaises(CannotStart, ports.bind_shared, Config.read(text), 2)
            self.assertRaises(CannotStart, ports.bind, Config.read(text))
        self.many(free.port)

    def test_each_worker_has_all_ports(self):
        """And one that is its own."""
        one, two = ports.bind_shared(Config.read("[ws]\nport = 0\n[cometql]\nport = 0\n"), 2)
        self.addCleanup(ports.close_all, [*one, *two])
        self.assertEqual([each.name for each in one], ["ws", "cometql", ports.INNER])
        self.assertEqual([each.port for each in one[:2]], [each.port for each in two[:2]])
        self.assertNotEqual(one[2].port, two[2].port)


class ShutTests(TestCase):
    """The end of listening."""

    async def test_who_waits_is_taken(self):
        """And nobody else, though the process that started this one has the socket, too."""
        port = Port.bind("ws", "127.0.0.1", 0)
        parents = port.socket.dup()
        self.addCleanup(parents.close)
        came = []
        listening = port.listen(reactor, Factory.forProtocol(lambda: came.append(Protocol()) or came[-1]))
        listening.numberAccepts = 1  # as after a quiet time
        address = "127.0.0.1", port.port
        clients = [socket.create_connection(address) for _ in range(5)]
        ports.shut(listening)
        self.assertEqual(len(came), len(clients))
        self.assertRaises(ConnectionRefusedError, socket.create_connection, address)
        await listening.stopListening()
        for client, server in zip(clients, came, strict=True):
            server.transport.abortConnection()
            client.close()
