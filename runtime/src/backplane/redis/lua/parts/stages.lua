-- Tasks of a stage, as far as they are known.
local function tasksOf(stage)
  local tasks = {}
  local kind = redis.call('HGET', key('stages'), stage)
  if kind == 'source' then
    for i, id in ipairs(redis.call('SMEMBERS', key('parts:' .. stage))) do tasks[i] = stage .. '/' .. id end
  elseif kind then
    for partition = 0, kind - 1 do tasks[partition + 1] = stage .. '/' .. partition end
  end
  return tasks
end

-- Tasks that may run, those that nobody holds, and whether there is nothing left to run or to look for.
local function counts()
  local tasks, free = 0, redis.call('ZCOUNT', key('kept'), '(' .. whole(now), '+inf')
  for _, due in ipairs({ key('due:exchange'), key('due:source') }) do
    tasks = tasks + redis.call('ZCARD', due)
    free = free + redis.call('ZCOUNT', due, '-inf', whole(now))
  end
  local left = tasks + redis.call('SCARD', key('waiting')) + redis.call('SCARD', key('looking'))
  return tasks, free, left == 0 and redis.call('EXISTS', key('stages')) == 1
end
