#!lua flags=no-writes
-- KEYS[1] prefix
-- ARGV task
-- reply { id of a blob, its age in ms, … }

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local reply = redis.call('HGETALL', KEYS[1] .. 'states:' .. ARGV[1])
for i = 2, #reply, 2 do reply[i] = math.max(0, now - reply[i]) end
return reply
