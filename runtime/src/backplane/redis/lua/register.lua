#!lua
-- Registers partitions that discovery found.
-- KEYS[1] prefix
-- ARGV run, task, epoch, nonce of the lease of discovery; source, last piece of the list 0|1, final 0|1; then of each partition:
--      id, itself as JSON, '1' .. its start or '0', its parents as JSON, those that no list has as JSON
-- reply nil when the lease is lost, else { waiting|ready|done, … }
-- @include run
-- @include watermarks
-- @include stages
-- @include partitions

local source, isLast, isFinal = ARGV[5], ARGV[6] == '1', ARGV[7] == '1'
local first = 8
local placeholder = 'discovery:' .. source

local function isKnown(id) return redis.call('SISMEMBER', key('parts:' .. source), id) == 1 end

-- Those that nobody knows and no list has are gone: they are not waited for.
local function forgetParents(task, unlisted)
  local row = redis.call('HMGET', key('task:' .. task), 'state', 'parents')
  if #unlisted == 0 or row[1] ~= 'waiting' then return end
  local gone, kept = {}, {}
  for _, id in ipairs(unlisted) do gone[id] = not isKnown(id) end
  for _, id in ipairs(cjson.decode(row[2])) do
    if gone[id] then
      redis.call('DEL', key('kids:' .. source .. '/' .. id))
    else
      table.insert(kept, id)
    end
  end
  redis.call('HSET', key('task:' .. task), 'parents', #kept == 0 and '[]' or cjson.encode(kept))
end

local function reviveTask(stage, task)
  redis.call('HSET', key('task:' .. task), 'state', 'ready')
  redis.call('ZADD', key('due:exchange'), 0, task)
  for _, exchange in ipairs(sendsOf(stage)) do setLine(exchange, task, floorOf(exchange)) end
end

-- Tasks of exchanges that were done, as nothing was to come any more, go on when something does.
local seen = {}
local function revive(stage)
  for _, exchange in ipairs(sendsOf(stage)) do
    if not seen[exchange] then
      seen[exchange] = true
      for _, task in ipairs(tasksOf(exchange)) do
        if redis.call('HGET', key('task:' .. task), 'state') == 'done' then reviveTask(exchange, task) end
      end
      revive(exchange)
    end
  end
end

-- After a list: what is new later is known to be new, or nothing will come any more.
local function listed()
  redis.call('SADD', key('listed'), source)
  for _, exchange in ipairs(sendsOf(source)) do
    if isFinal then
      dropLine(exchange, placeholder)
    elseif redis.call('SISMEMBER', key('looking'), source) == 1 then
      setLine(exchange, placeholder, 'inf')
    end
  end
  if isFinal then redis.call('SREM', key('looking'), source) end
end

if not held(currentRun(), ARGV[1], ARGV[2], ARGV[3], ARGV[4]) then return false end
local hasFresh = false
for i = first, #ARGV, 5 do
  if not isKnown(ARGV[i]) then
    hasFresh = true
    local start = string.sub(ARGV[i + 2], 1, 1) == '1' and string.sub(ARGV[i + 2], 2)
    addWaiting(source, ARGV[i], ARGV[i + 1], start, ARGV[i + 3])
  end
end
local states = {}
for i = first, #ARGV, 5 do
  local task = source .. '/' .. ARGV[i]
  forgetParents(task, cjson.decode(ARGV[i + 4]))
  table.insert(states, settle(source, task))
end
if hasFresh then revive(source) end
if isLast then listed() end
raiseFloors()
return states
