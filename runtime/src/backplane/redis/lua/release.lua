#!lua flags=allow-oom
-- Frees a task, or keeps it for a worker for the lease time; nothing happens when the lease is lost.
-- KEYS[1] prefix
-- ARGV run, task, epoch, nonce, worker to keep it for or ''
-- @include run

local task, reserveFor = ARGV[2], ARGV[5]
local lease = held(currentRun(), ARGV[1], task, ARGV[3], ARGV[4])
if not lease then return end

local due = dueOf(lease[1])
redis.call('HDEL', key('lease:' .. task), 'owner')
if not lease[1] then
  redis.call('ZREM', due, task)
elseif redis.call('ZSCORE', due, task) then
  if reserveFor == '' then
    redis.call('ZADD', due, 0, task)
  else
    redis.call('HSET', key('lease:' .. task), 'for', reserveFor)
    redis.call('ZADD', due, now + lease[2], task)
    redis.call('ZADD', key('kept'), now + lease[2], task)
  end
end
