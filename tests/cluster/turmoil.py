"""What may happen to servers and their bus while something else happens: rules for state machines."""

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

#: The names of the servers that there may be.
NODES = "abc"


class Turmoil(RuleBasedStateMachine):
    """
    Servers that come and go, and lose the bus.

    @ivar scene: the L{tests.cluster.scene.Scene} with the servers.
    @ivar lost_bus: whether somebody is without the bus.
    @cvar settling: the seconds that pass once the bus is back.
    """

    settling = 0.0

    def __init__(self, scene):
        super().__init__()
        self.scene, self.lost_bus = scene, False
        self.scene.wait(1)

    @property
    def nodes(self):
        return self.scene.brokers

    def node(self, number):
        return self.nodes[number % len(self.nodes)]

    def empty(self, broker):
        """Let all leave C{broker}, which is about to end in good order."""

    def forget(self, broker):
        """C{broker} is gone, with all who were there."""

    @rule()
    def lose_the_bus(self):
        self.scene.exchange.lose()
        self.lost_bus = True

    @rule(node=st.integers(0, 2))
    def cut_off(self, node):
        """One server alone loses the bus."""
        self.node(node).bus.lose()
        self.lost_bus = True

    @rule()
    def settle_bus(self):
        if self.lost_bus:
            self.lost_bus = False
            self.scene.exchange.connect()
            self.scene.settle()
            self.scene.wait(self.settling)

    @precondition(lambda self: len(self.nodes) > 1)
    @rule(node=st.integers(0, 2), quietly=st.booleans())
    def end(self, node, quietly):
        broker = self.node(node)
        if quietly:
            self.empty(broker)
            self.scene.brokers.remove(broker)
            broker.store = self.scene.store
            self.scene.run(broker.engine.stop())
        else:
            self.scene.kill(broker)
        self.forget(broker)

    @precondition(lambda self: len(self.nodes) < len(NODES))
    @rule()
    def begin(self):
        there = {broker.connections.node for broker in self.nodes}
        self.settle_bus()
        self.scene.add(next(name for name in NODES if name not in there))
        self.scene.wait(self.settling)
