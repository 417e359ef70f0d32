-- Extends the leases whose run, task, epoch and nonce stand in ARGV from `first` on. @returns '1' or '0' for each, joined
local function renew(present, first, count, leaseMs)
  local answers, expiries = {}, {}
  for i = 1, count do
    local at = first + (i - 1) * 4
    local task = ARGV[at + 1]
    local lease = held(present, ARGV[at], task, ARGV[at + 2], ARGV[at + 3])
    answers[i] = lease and '1' or '0'
    if lease then
      if lease[2] ~= tonumber(leaseMs) then redis.call('HSET', key('lease:' .. task), 'leaseMs', leaseMs) end
      local due = dueOf(lease[1])
      expiries[due] = expiries[due] or {}
      table.insert(expiries[due], whole(now + leaseMs))
      table.insert(expiries[due], task)
    end
  end
  for due, pairs in pairs(expiries) do redis.call('ZADD', due, 'XX', unpack(pairs)) end
  return table.concat(answers)
end
