#!lua flags=allow-oom
-- Registers the stages of a topology, or those that are new; a job that had finished is begun again.
-- KEYS[1] prefix
-- ARGV nonce, becomes the run if there is none; then of each stage: name, source|exchange, number of partitions, exchanges
--      that it sends to as JSON
-- reply { run, { exchange, number of partitions, … }, { source, … } }
-- @include run
-- @include watermarks
-- @include stages

local function add(stage, kind, partitions)
  redis.call('HSET', key('stages'), stage, kind == 'source' and 'source' or partitions)
  if kind == 'source' then
    redis.call('SADD', key('looking'), stage)
    return
  end
  for partition = 0, partitions - 1 do
    local task = stage .. '/' .. partition
    redis.call('HSET', key('task:' .. task), 'state', 'ready')
    redis.call('HSET', key('lease:' .. task), 'kind', kind)
    redis.call('ZADD', key('due:exchange'), 0, task)
  end
end

-- All that have a line in the exchanges that a stage sends to, with where they are.
local function producersOf(stage)
  local producers = {}
  for _, task in ipairs(tasksOf(stage)) do
    local row = redis.call('HMGET', key('task:' .. task), 'state', 'from')
    if row[1] == 'ready' or (row[1] == 'waiting' and row[2]) then
      producers[task] = redis.call('HGET', key('ckpt:' .. task), 'wm') or row[2] or '-inf'
    end
  end
  if redis.call('SISMEMBER', key('looking'), stage) == 1 then
    local isListed = redis.call('SISMEMBER', key('listed'), stage) == 1
    producers['discovery:' .. stage] = isListed and 'inf' or '-inf'
  end
  return producers
end

local function setOf(list)
  local set = {}
  for _, element in ipairs(list) do set[element] = true end
  return set
end

-- Who produces for which exchange, where that has changed.
local function connect(stage, sends)
  local before, after = setOf(sendsOf(stage)), setOf(cjson.decode(sends))
  local producers
  for exchange in pairs(after) do
    if not before[exchange] then
      producers = producers or producersOf(stage)
      for producer, watermark in pairs(producers) do setLine(exchange, producer, watermark) end
    end
  end
  for exchange in pairs(before) do
    if not after[exchange] then
      producers = producers or producersOf(stage)
      for producer in pairs(producers) do dropLine(exchange, producer) end
    end
  end
  redis.call('HSET', key('sends'), stage, sends)
end

local function lookAgain(source)
  redis.call('SADD', key('looking'), source)
  for _, exchange in ipairs(sendsOf(source)) do setLine(exchange, 'discovery:' .. source, floorOf(exchange)) end
end

local run = currentRun(ARGV[1])
local _, _, isFinished = counts()
for i = 2, #ARGV, 4 do
  if redis.call('HEXISTS', key('stages'), ARGV[i]) == 0 then add(ARGV[i], ARGV[i + 1], ARGV[i + 2]) end
end
for i = 2, #ARGV, 4 do connect(ARGV[i], ARGV[i + 3]) end
for i = 2, #ARGV, 4 do
  if isFinished and ARGV[i + 1] == 'source' then lookAgain(ARGV[i]) end
end
raiseFloors()

local partitions, sources = {}, {}
local stages = redis.call('HGETALL', key('stages'))
for i = 1, #stages, 2 do
  if stages[i + 1] == 'source' then
    table.insert(sources, stages[i])
  else
    table.insert(partitions, stages[i])
    table.insert(partitions, stages[i + 1])
  end
end
return { run, partitions, sources }
