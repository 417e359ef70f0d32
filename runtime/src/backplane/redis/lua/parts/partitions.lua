-- Tasks of sources, and what they wait for.

-- A task that waits for all of its parents: `settle` says which of them have ended.
local function addWaiting(source, id, partition, start, parents)
  local task = source .. '/' .. id
  redis.call('SADD', key('parts:' .. source), id)
  redis.call('HSET', key('task:' .. task), 'state', 'waiting', 'partition', partition, 'parents', parents)
  if start then redis.call('HSET', key('task:' .. task), 'start', start) end
  redis.call('HSET', key('lease:' .. task), 'kind', 'source')
  redis.call('SADD', key('waiting'), task)
  for _, parent in ipairs(cjson.decode(parents)) do
    redis.call('SADD', key('kids:' .. source .. '/' .. parent), task)
  end
end

-- One that nothing comes before begins where event time is at present: in each exchange, and all in all. Those of the first
-- list begin before all time: how far other sources have come says nothing of them.
local function startNow(source, task)
  local from
  local isFirst = redis.call('SISMEMBER', key('listed'), source) == 0
  for _, exchange in ipairs(sendsOf(source)) do
    local present = isFirst and '-inf' or presentLeast(exchange, 'discovery:' .. source)
    setLine(exchange, task, present)
    if not from or parse(present) < parse(from) then from = present end
  end
  redis.call('HSET', key('task:' .. task), 'from', from or '-inf')
end

local function startAt(source, task, watermark)
  redis.call('HSET', key('task:' .. task), 'from', watermark)
  for _, exchange in ipairs(sendsOf(source)) do setLine(exchange, task, watermark) end
end

-- Lets a waiting task run whose parents have all ended, at the least of their watermarks; as soon as one has ended, its line
-- stands for what it will send. @returns the state of the task
local function settle(source, task)
  local row = redis.call('HMGET', key('task:' .. task), 'state', 'parents')
  if row[1] ~= 'waiting' then return row[1] end
  local parents = cjson.decode(row[2] or '[]')
  local ended, from = 0, nil
  for _, parent in ipairs(parents) do
    local last = redis.call('HGET', key('task:' .. source .. '/' .. parent), 'end')
    if last then
      ended = ended + 1
      if not from or parse(last) < parse(from) then from = last end
    end
  end
  if from then startAt(source, task, from) end
  if ended < #parents then return 'waiting' end
  if #parents == 0 then startNow(source, task) end
  redis.call('HSET', key('task:' .. task), 'state', 'ready')
  redis.call('SREM', key('waiting'), task)
  redis.call('ZADD', key('due:source'), 0, task)
  return 'ready'
end
