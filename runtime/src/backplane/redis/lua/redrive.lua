#!lua flags=allow-oom
-- Marks letters to be read again.
-- KEYS[1] prefix
-- ARGV ids; none for all that are stored
-- reply how many of those asked for are marked now
local stored, marked = KEYS[1] .. 'dead:stored', KEYS[1] .. 'dead:redrive'

local isAll = #ARGV == 0
local ids = isAll and redis.call('ZRANGE', stored, 0, -1) or ARGV
local count, seen = 0, {}
for _, id in ipairs(ids) do
  if redis.call('ZREM', stored, id) == 1 then redis.call('ZADD', marked, id, id) end
  if not isAll and not seen[id] and redis.call('ZSCORE', marked, id) then count = count + 1 end
  seen[id] = true
end
return isAll and redis.call('ZCARD', marked) or count
