#!lua flags=no-writes
-- All of a job but its tasks.
-- KEYS[1] prefix
-- reply { run, now, { line of a worker, … }, finished 0|1, { stage, … } }, a stage: { name, 'source' or number of partitions,
--       exchanges that it sends to as JSON, { partition of a source | last position of a partition, … }, watermark of an
--       exchange, nil when all have ended }
-- @include run
-- @include stages

local meta = redis.call('HMGET', key('meta'), 'run', 'generation')
local lines = {}
for _, worker in ipairs(redis.call('ZRANGEBYSCORE', key('alive'), '(' .. whole(now), '+inf')) do
  local line = redis.call('HGET', key('workers'), worker)
  if line then table.insert(lines, line) end
end

local stages = {}
local fields = redis.call('HGETALL', key('stages'))
for i = 1, #fields, 2 do
  local name, kind, parts = fields[i], fields[i + 1], {}
  if kind == 'source' then
    parts = redis.call('SMEMBERS', key('parts:' .. name))
  else
    for p = 0, kind - 1 do parts[p + 1] = redis.call('HGET', key('xm:' .. name), 'end:' .. p) or '0' end
  end
  local watermark = redis.call('ZRANGE', key('wm:' .. name), 0, 0, 'WITHSCORES')[2] or false
  table.insert(stages, { name, kind, redis.call('HGET', key('sends'), name) or '[]', parts, watermark })
end
local _, _, isFinished = counts()
return { (meta[1] or '') .. '.' .. (meta[2] or ''), now, lines, isFinished and 1 or 0, stages }
