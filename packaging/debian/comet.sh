#!/bin/sh
# The command comet, for the server of this machine unless another configuration is named.
export COMET_CONFIG="${COMET_CONFIG-/etc/comet/comet.ini}"
exec /usr/lib/comet/bin/comet "$@"
