-- Makes a new tenure. @returns its epoch
local function grant(run, task, kind, owner, leaseMs, nonce)
  local lease = key('lease:' .. task)
  local epoch = redis.call('HINCRBY', lease, 'epoch', 1)
  redis.call('HSET', lease, 'run', run, 'owner', owner, 'nonce', nonce, 'leaseMs', leaseMs)
  redis.call('HDEL', lease, 'for')
  redis.call('ZADD', dueOf(kind), now + leaseMs, task)
  redis.call('ZREM', key('kept'), task)
  return epoch
end
