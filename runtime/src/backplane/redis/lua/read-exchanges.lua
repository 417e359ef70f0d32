#!lua flags=no-writes
-- Reads partitions of exchanges, each with the watermark that holds at its end.
-- KEYS[1] prefix
-- ARGV most bytes of a partition, most bytes of all; then of each cursor: exchange, partition, position
-- reply { 'read', { { position, bytes, … }, at the end 0|1, watermark, nil when all have ended }, … } |
--       { 'beyond', number of the cursor, end of its partition, run, server, server of the run }
local prefix, most, left = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2])
local function key(name) return prefix .. name end
local function whole(n) return string.format('%.0f', n) end

local ends = {}
for i = 3, #ARGV, 3 do
  local last = redis.call('HGET', key('xm:' .. ARGV[i]), 'end:' .. ARGV[i + 1]) or '0'
  if tonumber(ARGV[i + 2]) > tonumber(last) then
    local meta = redis.call('HMGET', key('meta'), 'run', 'generation', 'server')
    local info = redis.pcall('INFO', 'server')
    local server = type(info) == 'string' and string.match(info, 'run_id:(%w+)') or 'unknown'
    return { 'beyond', (i - 3) / 3, last, (meta[1] or '') .. '.' .. (meta[2] or ''), server, meta[3] or '' }
  end
  ends[i] = tonumber(last)
end

local watermarks = {}
local function watermarkOf(exchange)
  if watermarks[exchange] == nil then
    watermarks[exchange] = redis.call('ZRANGE', key('wm:' .. exchange), 0, 0, 'WITHSCORES')[2] or false
  end
  return watermarks[exchange]
end

local reply = { 'read' }
for i = 3, #ARGV, 3 do
  local from, limit, found = tonumber(ARGV[i + 2]), math.min(most, left), {}
  local last = from
  if limit > 0 and from < ends[i] then
    local stream, after = key('x:' .. ARGV[i] .. ':' .. ARGV[i + 1]), '(' .. whole(from) .. '-0'
    local entries = redis.call('XRANGE', stream, after, whole(from + limit) .. '-0')
    if #entries == 0 then entries = redis.call('XRANGE', stream, after, '+', 'COUNT', 1) end
    -- what is missing was trimmed: somebody has read it
    if #entries == 0 then last = ends[i] end
    for j, entry in ipairs(entries) do
      last = tonumber(string.match(entry[1], '^%d+'))
      found[j * 2 - 1], found[j * 2] = whole(last), entry[2][2]
      left = left - #entry[2][2]
    end
  end
  table.insert(reply, { found, last == ends[i] and 1 or 0, watermarkOf(ARGV[i]) })
end
return reply
