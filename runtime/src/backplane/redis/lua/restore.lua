#!lua
-- Puts tasks of another run, or of a file, into a run that has begun and has none of them.
-- KEYS[1] prefix
-- ARGV run, number of stages, number of ends; of each stage: name, source|exchange, number of partitions, exchanges that it
--      sends to as JSON; of each end: exchange, partition, position; of each task: name, kind, state, partition, start, parents
--      as JSON, from, end, seq, taken at, watermark, record ('' for what there is not, else '1' .. it, but for name, kind, state,
--      parents, from, seq)
-- reply 1, or 0 when another run is the present one
-- @include run
-- @include watermarks

if currentRun() ~= ARGV[1] then return 0 end
local at = 4

local sends = {}
for _ = 1, ARGV[2] do
  local name, kind = ARGV[at], ARGV[at + 1]
  redis.call('HSET', key('stages'), name, kind == 'source' and 'source' or ARGV[at + 2])
  redis.call('HSET', key('sends'), name, ARGV[at + 3])
  sends[name] = cjson.decode(ARGV[at + 3])
  if kind == 'source' then
    redis.call('SADD', key('listed'), name)
    redis.call('SADD', key('looking'), name)
    for _, exchange in ipairs(sends[name]) do setLine(exchange, 'discovery:' .. name, 'inf') end
  end
  at = at + 4
end

for _ = 1, ARGV[3] do
  local positions, p = key('xm:' .. ARGV[at]), ARGV[at + 1]
  redis.call('HSET', positions, 'end:' .. p, ARGV[at + 2], 'at:' .. p, ARGV[at + 2])
  at = at + 3
end

local function given(i) return ARGV[i] ~= '' and string.sub(ARGV[i], 2) end

local function setGiven(name, field, value)
  if value then redis.call('HSET', name, field, value) end
end

for i = at, #ARGV, 12 do
  local task, kind, state, parents, from = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 5], ARGV[i + 6]
  local stage, id = string.match(task, '^([^/]*)/(.*)$')
  local row, record = key('task:' .. task), key('ckpt:' .. task)
  redis.call('HSET', key('lease:' .. task), 'kind', kind)
  redis.call('HSET', row, 'state', state, 'from', from, 'parents', parents)
  setGiven(row, 'partition', given(i + 3))
  setGiven(row, 'start', given(i + 4))
  setGiven(row, 'end', given(i + 7))
  if kind == 'source' then redis.call('SADD', key('parts:' .. stage), id) end
  if state == 'ready' then redis.call('ZADD', key('due:' .. kind), 0, task) end
  if state == 'waiting' then
    redis.call('SADD', key('waiting'), task)
    for _, parent in ipairs(cjson.decode(parents)) do redis.call('SADD', key('kids:' .. stage .. '/' .. parent), task) end
  end
  if given(i + 11) then
    redis.call('HSET', record, 'seq', ARGV[i + 8], 'at', given(i + 9) or 0, 'record', given(i + 11))
    setGiven(record, 'wm', given(i + 10))
  end
  if state ~= 'done' then
    for _, exchange in ipairs(sends[stage] or {}) do setLine(exchange, task, given(i + 10) or from) end
  end
end
raiseFloors()
return 1
