#!lua flags=allow-oom
-- Grants a free or expired task; the same lease again to an owner that asks again.
-- KEYS[1] prefix
-- ARGV task, owner, leaseMs, nonce
-- reply { 'acquired', run, epoch, nonce, expiry } | { 'held', owner, ms left }
-- @include run
-- @include grant

local task, owner, leaseMs, nonce = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local run = currentRun(nonce)
local lease = key('lease:' .. task)
local present = redis.call('HMGET', lease, 'run', 'owner', 'nonce', 'kind', 'leaseMs', 'epoch')
local holder = present[1] == run and present[2]
local kind = present[4]
local due = dueOf(kind)

if holder == owner then
  redis.call('HSET', lease, 'leaseMs', leaseMs)
  if kind then
    redis.call('ZADD', due, 'XX', now + leaseMs, task)
  else
    redis.call('ZADD', due, now + leaseMs, task)
  end
  return { 'acquired', run, tonumber(present[6]), present[3], now + leaseMs }
end

-- it waits for others, or is done: nobody gets it
if kind and not redis.call('ZSCORE', due, task) then return { 'held', '', 0 } end
-- of a tenure that is over: the request comes late
if not holder and present[3] == nonce then return { 'held', '', 0 } end

-- not further off than the lease time: a clock may have been set back
local expiry = tonumber(redis.call('ZSCORE', due, task) or 0)
local most = now + tonumber(present[5] or 0)
if expiry > most then
  redis.call('ZADD', due, most, task)
  expiry = most
end
if holder and expiry > now then return { 'held', holder, expiry - now } end
return { 'acquired', run, grant(run, task, kind, owner, leaseMs, nonce), nonce, now + leaseMs }
