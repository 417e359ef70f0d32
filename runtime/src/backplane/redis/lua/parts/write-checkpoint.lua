-- Writes the record of a task, and all that goes with it, or nothing.
-- KEYS[1] prefix
-- ARGV 1 run  2 task  3 epoch  4 nonce  5 seq  6 tenure in one word  7 when it was taken  8 the record
--      9 watermark of what is sent later, '' when unknown  10 idle 0|1  11 exchanges that it sends to, as JSON
--      12 exchange that it has read or ''  13 partition  14 position
--      15 number of staged pieces  16 number of contents  17 number of letters that were read again
--      18 number of children, '' when the task has not ended
--      then of each content: where it goes ('<exchange>:<partition>', '' for a dead letter), its bytes; ids of letters; of each
--      child: id, itself as JSON, '1' .. its start or '0', its parents as JSON
-- reply { 'written' | 'already' | 'fenced' | 'unstaged' } | { 'misplaced', last seq } | { 'rolledBack', end of the exchange }
-- @include run
-- @include place
-- @include watermarks
-- @include partitions
-- @include letters

local task, seq, tenure = ARGV[2], tonumber(ARGV[5]), ARGV[6]
local watermark, isIdle = ARGV[9], ARGV[10] == '1'
local exchange, partition, position = ARGV[12], ARGV[13], tonumber(ARGV[14])
local firstContent = 19
local firstLetter = firstContent + ARGV[16] * 2
local firstChild = firstLetter + ARGV[17]
local staged, record = key('staged:' .. task), key('ckpt:' .. task)
local stage = string.match(task, '^([^/]*)/')

-- All contents of the pieces, in order: { to, bytes, … }; false when one is missing.
local function stagedContents()
  local contents = {}
  if ARGV[15] == '0' then return contents end
  if redis.call('HGET', staged, 'of') ~= tenure .. '|' .. ARGV[5] then return false end
  for piece = 0, ARGV[15] - 1 do
    local count = redis.call('HGET', staged, 'count:' .. piece)
    if not count then return false end
    for i = 0, count - 1 do
      local name = piece .. '.' .. i
      local content = redis.call('HMGET', staged, 'to:' .. name, 'bytes:' .. name)
      table.insert(contents, content[1])
      table.insert(contents, content[2])
    end
  end
  return contents
end

local function endOf(name, p) return tonumber(redis.call('HGET', key('xm:' .. name), 'end:' .. p) or 0) end
local function consumedOf(name, p) return tonumber(redis.call('HGET', key('xm:' .. name), 'at:' .. p) or 0) end

-- The position of an entry is the number of bytes that were ever sent to its partition, so it is never used twice.
local function put(to, bytes)
  if to == '' then return insertLetter(bytes) end
  local name, p = string.match(to, '^(.*):(%d+)$')
  local id = redis.call('HINCRBY', key('xm:' .. name), 'end:' .. p, math.max(1, #bytes))
  redis.call('XADD', key('x:' .. name .. ':' .. p), whole(id) .. '-0', 'f', bytes)
end

-- Drops what the consumer has read; never the other way.
local function trim()
  if position <= consumedOf(exchange, partition) then return end
  redis.call('HSET', key('xm:' .. exchange), 'at:' .. partition, whole(position))
  redis.call('XTRIM', key('x:' .. exchange .. ':' .. partition), 'MINID', whole(position + 1) .. '-0')
end

-- Whoever writes n + 1 has committed the handles of n, so that n - 1 is of no use any more.
local function insert()
  local before = redis.call('HGET', record, 'record')
  redis.call('HSET', record, 'seq', ARGV[5], 'tenure', tenure, 'at', ARGV[7], 'record', ARGV[8])
  if before then redis.call('HSET', record, 'before', before) end
  if watermark ~= '' then redis.call('HSET', record, 'wm', watermark) end
end

-- Whether nothing is left in the partition of a task behind an exchange, and nothing can come any more.
local function isOver(p)
  return redis.call('ZCARD', key('wm:' .. stage)) == 0 and consumedOf(stage, p) == endOf(stage, p)
end

-- The task is done: those that go on where its partition ended may be waiting for it.
local function finish(kind)
  if not kind then return end
  if kind == 'exchange' and not isOver(string.match(task, '/(.*)$')) then
    -- something new has come since it read that all had ended
    for _, to in ipairs(sendsOf(stage)) do setLine(to, task, floorOf(to)) end
    return
  end
  local last = redis.call('HGET', record, 'wm') or redis.call('HGET', key('task:' .. task), 'from') or '-inf'
  redis.call('HSET', key('task:' .. task), 'state', 'done', 'end', last)
  redis.call('ZREM', key('due:' .. kind), task)
  -- of an exchange it may go on; a partition of a source never does, and there may be very many of them
  if kind == 'source' then redis.call('HDEL', record, 'record', 'before') end
  for i = firstChild, #ARGV, 4 do
    if kind == 'source' and redis.call('SISMEMBER', key('parts:' .. stage), ARGV[i]) == 0 then
      local start = string.sub(ARGV[i + 2], 1, 1) == '1' and string.sub(ARGV[i + 2], 2)
      addWaiting(stage, ARGV[i], ARGV[i + 1], start, ARGV[i + 3])
    end
  end
  -- children first: else the least watermark could pass them
  for _, child in ipairs(redis.call('SMEMBERS', key('kids:' .. task))) do settle(stage, child) end
  redis.call('DEL', key('kids:' .. task))
  for _, to in ipairs(sendsOf(stage)) do dropLine(to, task) end
end

local lease = held(currentRun(), ARGV[1], task, ARGV[3], ARGV[4])
if not lease then return { 'fenced' } end
local placed = place(task, seq, tenure)
if placed ~= 'next' then return placed end
local contents = stagedContents()
if not contents then return { 'unstaged' } end
if exchange ~= '' then
  local last = endOf(exchange, partition)
  if position > last then return { 'rolledBack', whole(last) } end
end

insert()
for i = 1, #contents, 2 do put(contents[i], contents[i + 1]) end
for i = firstContent, firstLetter - 1, 2 do put(ARGV[i], ARGV[i + 1]) end
redis.call('UNLINK', staged)
for i = firstLetter, firstChild - 1 do
  redis.call('HDEL', key('dead'), ARGV[i])
  redis.call('ZREM', key('dead:stored'), ARGV[i])
  redis.call('ZREM', key('dead:redrive'), ARGV[i])
end
if exchange ~= '' then trim() end
if ARGV[18] ~= '' then
  finish(lease[1])
elseif watermark ~= '' then
  for _, to in ipairs(cjson.decode(ARGV[11])) do setLine(to, task, isIdle and 'inf' or watermark) end
end
raiseFloors()
return { 'written' }
