"""
Which node has which slot, as Redis keeps it: in one hash, in three kinds of fields.

C{of:NAME} is the slot of a node, C{at:SLOT} the name of the node that has it, and C{next} counts the slots
that were tried for new names. A slot in whose channel somebody listens is in use.
"""

from __future__ import annotations

#: KEYS: the hash. ARGV: the name, what is before the slot in the names of channels, how many slots there are,
#: and a slot that would be welcome to a name that Redis does not know (any more), or -1.
CLAIM = """
local slots, name, channel, limit, welcome = KEYS[1], ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local known = redis.call('HGET', slots, 'of:' .. name)
if known then return tonumber(known) end
local function owner(slot) return redis.call('HGET', slots, 'at:' .. slot) end
local function used(slot) return redis.call('PUBSUB', 'NUMSUB', channel .. slot)[2] > 0 end
local function take(slot)
  local former = owner(slot)
  if former then redis.call('HDEL', slots, 'of:' .. former) end
  redis.call('HSET', slots, 'of:' .. name, slot, 'at:' .. slot, name)
  return slot
end
if welcome >= 0 and not owner(welcome) and not used(welcome) then return take(welcome) end
for pass = 1, 2 do
  for _ = 1, limit do
    local slot = (redis.call('HINCRBY', slots, 'next', 1) - 1) % limit
    if not used(slot) and (pass == 2 or not owner(slot)) then return take(slot) end
  end
end
return redis.error_reply('ERR all slots are in use')
"""
