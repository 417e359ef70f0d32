#!lua flags=allow-oom
-- Takes tasks: those kept for the worker first, then free and expired ones; those of exchanges before those of sources.
-- KEYS[1] prefix
-- ARGV worker, most, most of sources, leaseMs, nonce, session, number of the claim
-- reply { run, { task, epoch, expiry, partition, start, watermark, nonce }, … }; a repeat has the reply of the first, of what is
--       still held
-- @include run
-- @include grant
-- @include cut

local worker, most, mostOfSources, leaseMs = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4]
local nonce, session, number = ARGV[5], ARGV[6], tonumber(ARGV[7])
local run = currentRun()
if not run then return { '' } end

-- No two tenures are equal, those of one claim included: what they make outside bears the tenure, not the task.
local function nonceOf(i) return nonce .. 'x' .. whole(i) end

local function describe(task, epoch, expiry, its)
  local row = redis.call('HMGET', key('task:' .. task), 'partition', 'start', 'from')
  return { task, epoch, expiry, row[1], row[2], row[3] or '-inf', its }
end

-- The same answer to the same request, for what is still held of it.
local function again()
  local reply = { run }
  for i, task in ipairs(cjson.decode(redis.call('HGET', key('claimed'), worker) or '[]')) do
    local lease = redis.call('HMGET', key('lease:' .. task), 'run', 'owner', 'nonce', 'epoch', 'kind')
    if lease[1] == run and lease[2] == worker and lease[3] == nonceOf(i) then
      local expiry = redis.call('ZSCORE', dueOf(lease[5]), task) or 0
      table.insert(reply, describe(task, tonumber(lease[4]), tonumber(expiry), lease[3]))
    end
  end
  return reply
end

local picked, sources = {}, 0
local function pick(task, kind)
  if #picked >= most or (kind == 'source' and sources >= mostOfSources) then return end
  table.insert(picked, { task, kind })
  if kind == 'source' then sources = sources + 1 end
end

local function pickKept()
  redis.call('ZREMRANGEBYSCORE', key('kept'), '-inf', whole(now))
  for _, task in ipairs(redis.call('ZRANGE', key('kept'), 0, -1)) do
    local lease = redis.call('HMGET', key('lease:' .. task), 'for', 'kind')
    if lease[1] == worker then pick(task, lease[2]) end
  end
end

local function pickFree(kind, count)
  if count <= 0 then return end
  for _, task in ipairs(redis.call('ZRANGEBYSCORE', dueOf(kind), '-inf', whole(now), 'LIMIT', 0, count)) do
    pick(task, kind)
  end
end

if redis.call('ZSCORE', key('left'), session) then return { run } end
if redis.call('HGET', key('drains'), worker) == session then return { run } end
local lastSession, last = string.match(redis.call('HGET', key('claims'), worker) or '', '^(%S+) (%d+)$')
if lastSession == session and number == tonumber(last) then return again() end
if lastSession == session and number < tonumber(last) then return { run } end

cutExpiries('exchange', leaseMs)
cutExpiries('source', leaseMs)
pickKept()
pickFree('exchange', most - #picked)
pickFree('source', math.min(most - #picked, mostOfSources - sources))

local reply, tasks = { run }, {}
for i, each in ipairs(picked) do
  local epoch = grant(run, each[1], each[2], worker, leaseMs, nonceOf(i))
  reply[i + 1] = describe(each[1], epoch, now + leaseMs, nonceOf(i))
  tasks[i] = each[1]
end
redis.call('HSET', key('claims'), worker, session .. ' ' .. whole(number))
redis.call('HSET', key('claimed'), worker, #tasks == 0 and '[]' or cjson.encode(tasks))
return reply
