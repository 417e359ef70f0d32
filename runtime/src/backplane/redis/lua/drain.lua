#!lua flags=allow-oom
-- Asks a worker to give all its tasks away.
-- KEYS[1] prefix
-- ARGV worker
-- reply 1, or 0 when there is no such worker
-- @include run

local session = redis.call('HGET', key('sessions'), ARGV[1])
if not session or tonumber(redis.call('ZSCORE', key('alive'), ARGV[1]) or 0) <= now then return 0 end
redis.call('HSET', key('drains'), ARGV[1], session)
return 1
