#!lua flags=no-writes
-- Tasks, as far as they are registered.
-- KEYS[1] prefix
-- ARGV names
-- reply of each: { name, state, owner, epoch, ms left, seq, taken at, watermark, partition, start, parents as JSON, from, end,
--       record }
-- @include run
-- @include watermarks

local meta = redis.call('HMGET', key('meta'), 'run', 'generation')
local run = (meta[1] or '') .. '.' .. (meta[2] or '')

local function describe(task)
  local row = redis.call('HMGET', key('task:' .. task), 'state', 'partition', 'start', 'parents', 'from', 'end')
  if not row[1] then return nil end
  local lease = redis.call('HMGET', key('lease:' .. task), 'run', 'owner', 'epoch', 'kind')
  local record = redis.call('HMGET', key('ckpt:' .. task), 'seq', 'at', 'wm', 'record')
  local owner = lease[1] == run and lease[2]
  local left = owner and tonumber(redis.call('ZSCORE', dueOf(lease[4]), task) or now) - now or 0
  local doesSend = row[1] ~= 'done' and #sendsOf(string.match(task, '^([^/]*)/')) > 0
  local from = row[5] or '-inf'
  return {
    task, row[1], owner, tonumber(lease[3] or 0), left, tonumber(record[1] or 0), record[2], doesSend and record[3],
    row[2], row[3], row[4] or '[]', from, row[6], record[4],
  }
end

local reply = {}
for _, task in ipairs(ARGV) do table.insert(reply, describe(task)) end
return reply
