#!lua flags=allow-oom
-- Renews the leases of a worker, notes that it lives, and tells it of the others.
-- KEYS[1] prefix
-- ARGV worker, session, leaseMs, line of the worker, whether it wants to see the others 0|1; then of each lease: run, task, epoch,
--      nonce
-- reply { '1' or '0' for each lease, joined; number of workers; { line, … }, tasks that may run, free ones, { worker that asks, … },
--         drain 0|1, finished 0|1, run }
-- @include run
-- @include renew
-- @include stages
-- @include cut

local worker, session, leaseMs, line = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local alive = key('alive')

local function forget(name)
  redis.call('ZREM', alive, name)
  for _, hash in ipairs({ 'workers', 'sessions', 'drains', 'claims', 'claimed' }) do redis.call('HDEL', key(hash), name) end
  redis.call('DEL', key('asks:' .. name))
end

-- Those whose last sign of life is older than their lease time.
local function dropDead()
  local latest = whole(now + leaseMs)
  for _, name in ipairs(redis.call('ZRANGEBYSCORE', alive, '(' .. latest, '+inf')) do
    redis.call('ZADD', alive, latest, name)
  end
  for _, name in ipairs(redis.call('ZRANGEBYSCORE', alive, '-inf', whole(now))) do forget(name) end
end

local run = currentRun() or ''
local answers = renew(run, 6, (#ARGV - 5) / 4, leaseMs)
if not redis.call('ZSCORE', key('left'), session) then
  redis.call('HSET', key('workers'), worker, line)
  redis.call('HSET', key('sessions'), worker, session)
  redis.call('ZADD', alive, now + leaseMs, worker)
end
dropDead()
-- before counting: what a clock that was set back has put off would be free to nobody
cutExpiries('exchange', leaseMs)
cutExpiries('source', leaseMs)
local tasks, free, isFinished = counts()
local asks = redis.call('ZRANGEBYSCORE', key('asks:' .. worker), '(' .. whole(now), '+inf')
redis.call('DEL', key('asks:' .. worker))
local drain = redis.call('HGET', key('drains'), worker) == session
local lines = ARGV[5] == '1' and redis.call('HVALS', key('workers')) or {}
return { answers, redis.call('ZCARD', alive), lines, tasks, free, asks, drain and 1 or 0, isFinished and 1 or 0, run }
