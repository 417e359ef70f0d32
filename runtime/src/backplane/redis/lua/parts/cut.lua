-- A clock may have been set back: no expiry lies further off than the lease time of its lease.
local function cutExpiries(kind, leaseMs)
  local due = dueOf(kind)
  for _, task in ipairs(redis.call('ZRANGEBYSCORE', due, whole(now + leaseMs + 1), '+inf')) do
    local latest = now + tonumber(redis.call('HGET', key('lease:' .. task), 'leaseMs') or 0)
    if tonumber(redis.call('ZSCORE', due, task)) > latest then
      redis.call('ZADD', due, latest, task)
      redis.call('ZADD', key('kept'), 'XX', latest, task)
    end
  end
end
