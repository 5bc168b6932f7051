"""The atomic steps of the durable core, as Lua: each one is a promise that must not be half kept."""

KEEP = """
-- Remember the delivery and the ask, append the ask to the inbox, and ring for it: all or nothing.
-- KEYS delivery, key, inbox, bell   ARGV ask, seconds to remember, job key prefix, job template, score
if redis.call('EXISTS', KEYS[1]) == 1 or redis.call('EXISTS', KEYS[2]) == 1 then return false end
local id = redis.call('XADD', KEYS[3], '*', 'ask', ARGV[1])
redis.call('SET', KEYS[1], id, 'EX', ARGV[2])
redis.call('SET', KEYS[2], id, 'EX', ARGV[2])
local job = 'admit:' .. id
redis.call('SET', ARGV[3] .. job, (string.gsub(ARGV[4], '@id@', id)), 'EX', ARGV[2])
redis.call('ZADD', KEYS[4], ARGV[5], job)
return id
"""

ANSWER = """
-- An ask is answered: it leaves the inbox, and what was decided is kept for its thread.
-- KEYS inbox, decisions   ARGV ask id, decision, how many to keep, seconds
if redis.call('XDEL', KEYS[1], ARGV[1]) == 0 then return 0 end
redis.call('LPUSH', KEYS[2], ARGV[2])
redis.call('LTRIM', KEYS[2], 0, ARGV[3] - 1)
redis.call('EXPIRE', KEYS[2], ARGV[4])
return 1
"""

CLAIM = """
-- A lease is free, or already this host's: take it under a new fence.
-- KEYS lease, fence   ARGV host, milliseconds
local held = redis.call('GET', KEYS[1])
if held and string.match(held, '^(.*)|%d+$') ~= ARGV[1] then return false end
local fence = redis.call('INCR', KEYS[2])
redis.call('EXPIRE', KEYS[2], 7776000)
redis.call('SET', KEYS[1], ARGV[1] .. '|' .. fence, 'PX', ARGV[2])
return fence
"""

RENEW = """
-- KEYS lease   ARGV host|fence, milliseconds
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
"""

RELEASE = """
-- KEYS lease   ARGV host|fence
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
"""

APPEND = """
-- One turn: refused unless the lease is current and nobody has written since.
-- KEYS lease, journal   ARGV host|fence, expected last seq, then (at, by, event) for each entry
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 'lease' end
local tail = redis.call('XREVRANGE', KEYS[2], '+', '-', 'COUNT', 1)
local last = tail[1] and tonumber(string.match(tail[1][1], '^(%d+)')) or 0
if last ~= tonumber(ARGV[2]) then return 'seq' end
for i = 3, #ARGV, 3 do
  last = last + 1
  redis.call('XADD', KEYS[2], last .. '-0', 'at', ARGV[i], 'by', ARGV[i + 1], 'event', ARGV[i + 2])
end
return 'ok'
"""

SUBMIT = """
-- Create a run from its first entry, unless it exists or another run has the thread. Returns the run that has it.
-- KEYS journal, open runs, thread, list of runs   ARGV run, at, by, event, how many to list
if redis.call('EXISTS', KEYS[1]) == 1 then return ARGV[1] end
local active = redis.call('GET', KEYS[3])
if active and redis.call('SISMEMBER', KEYS[2], active) == 1 then return active end
redis.call('XADD', KEYS[1], '1-0', 'at', ARGV[2], 'by', ARGV[3], 'event', ARGV[4])
redis.call('SADD', KEYS[2], ARGV[1])
redis.call('SET', KEYS[3], ARGV[1])
redis.call('XADD', KEYS[4], 'MAXLEN', '~', ARGV[5], '*', 'run', ARGV[1])
return ARGV[1]
"""

CLOSE = """
-- The run is over: nobody need look at it again, and its journal is kept for a while.
-- KEYS lease, journal, inbox, fence, open runs, thread   ARGV host|fence, run, seconds
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SREM', KEYS[5], ARGV[2])
if redis.call('GET', KEYS[6]) == ARGV[2] then redis.call('EXPIRE', KEYS[6], ARGV[3]) end
for i = 2, 4 do redis.call('EXPIRE', KEYS[i], ARGV[3]) end
redis.call('DEL', KEYS[1])
return 1
"""
