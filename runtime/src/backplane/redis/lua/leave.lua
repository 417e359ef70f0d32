#!lua flags=allow-oom
-- Takes a worker off the list, unless another life of it is there.
-- KEYS[1] prefix
-- ARGV worker, session or '' for whichever there is, for how many ms sessions that have left are remembered
-- @include run

local worker = ARGV[1]
local present = redis.call('HGET', key('sessions'), worker)
local leaving = ARGV[2] ~= '' and ARGV[2] or present
if not leaving then return end

redis.call('ZADD', key('left'), now, leaving)
redis.call('ZREMRANGEBYSCORE', key('left'), '-inf', whole(now - ARGV[3]))
if present ~= leaving then return end
redis.call('ZREM', key('alive'), worker)
for _, hash in ipairs({ 'workers', 'sessions', 'drains', 'claims', 'claimed' }) do redis.call('HDEL', key(hash), worker) end
redis.call('DEL', key('asks:' .. worker))
