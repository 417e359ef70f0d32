-- The run of the job, the clock, and whether a lease is held. Part of every script that asks for a lease.
local prefix = KEYS[1]
local function key(name) return prefix .. name end

-- the only clock of leases, in whole ms since 1970
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

-- whole numbers in full: Lua would write 1e+15
local function whole(n) return string.format('%.0f', n) end

-- Voids all leases of the job.
local function raiseGeneration()
  for _, due in ipairs({ 'due:exchange', 'due:source' }) do
    for _, task in ipairs(redis.call('ZRANGE', key(due), 0, -1)) do redis.call('ZADD', key(due), 0, task) end
  end
  redis.call('DEL', key('solo'), key('kept'))
  return redis.call('HINCRBY', key('meta'), 'generation', 1)
end

-- One life of a server has one id. Where INFO is forbidden, a failover cannot be told.
local function serverId()
  local info = redis.pcall('INFO', 'server')
  return type(info) == 'string' and string.match(info, 'run_id:(%w+)') or 'unknown'
end

-- The present run, '<nonce>.<generation>'; false when there is none and no nonce to begin one with. On another server than
-- the last time, which may have lost a suffix of what was written, the generation grows: all leases are void.
local function currentRun(nonce)
  local meta = redis.call('HMGET', key('meta'), 'run', 'generation', 'server')
  local server = serverId()
  if not meta[1] then
    if not nonce then return false end
    redis.call('HSET', key('meta'), 'run', nonce, 'generation', 1, 'server', server)
    return nonce .. '.1'
  end
  if meta[3] == server then return meta[1] .. '.' .. meta[2] end
  redis.call('HSET', key('meta'), 'server', server)
  return meta[1] .. '.' .. whole(raiseGeneration())
end

-- { kind, leaseMs } of a lease, if it is still held by this tenure: after its expiry too, as long as nobody took it.
local function held(present, run, task, epoch, nonce)
  local lease = redis.call('HMGET', key('lease:' .. task), 'owner', 'run', 'epoch', 'nonce', 'kind', 'leaseMs')
  if not present or run ~= present or not lease[1] or lease[2] ~= present then return false end
  if lease[3] ~= epoch or lease[4] ~= nonce then return false end
  return { lease[5], tonumber(lease[6]) }
end

-- The sorted set with the expiry of the leases of such a task.
local function dueOf(kind) return kind and key('due:' .. kind) or key('solo') end
