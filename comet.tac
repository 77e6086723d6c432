"""
The same service as C{twistd comet}, for C{twistd --python comet.tac}.

The environment variable C{COMET_CONFIG} names the configuration file, if there is one.
"""

from twisted.application.service import Application

from comet.tap import Options, makeService

application = Application("comet")
makeService(Options()).setServiceParent(application)
