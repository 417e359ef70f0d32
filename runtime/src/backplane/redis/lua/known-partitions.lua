#!lua flags=no-writes
-- KEYS[1] prefix
-- ARGV source
-- reply { id, … }, nil before the first list

if redis.call('SISMEMBER', KEYS[1] .. 'listed', ARGV[1]) == 0 then return false end
return redis.call('SMEMBERS', KEYS[1] .. 'parts:' .. ARGV[1])
