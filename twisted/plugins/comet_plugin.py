"""Tells C{twistd} of its subcommand C{comet}; light, so that C{twistd --reactor} can still choose."""

from twisted.application.service import ServiceMaker

comet = ServiceMaker("comet", "comet.tap", "A notification server that a site talks to in SQL.", "comet")
