-- All of a task but its epoch, which never restarts.
local function dropTask(task)
  for _, name in ipairs({ 'due:exchange', 'due:source', 'kept', 'solo' }) do redis.call('ZREM', key(name), task) end
  redis.call('SREM', key('waiting'), task)
  for _, name in ipairs({ 'task:', 'ckpt:', 'kids:', 'staged:' }) do redis.call('UNLINK', key(name .. task)) end
  redis.call('HDEL', key('lease:' .. task), 'owner', 'kind', 'for')
end

-- What waits in an exchange; its positions go on from where they are.
local function dropExchange(exchange, partitions)
  local positions = key('xm:' .. exchange)
  for partition = 0, partitions - 1 do
    redis.call('UNLINK', key('x:' .. exchange .. ':' .. partition))
    local last = redis.call('HGET', positions, 'end:' .. partition)
    if last then redis.call('HSET', positions, 'at:' .. partition, last) end
  end
  redis.call('DEL', key('wm:' .. exchange))
  redis.call('HDEL', key('floors'), exchange)
end
