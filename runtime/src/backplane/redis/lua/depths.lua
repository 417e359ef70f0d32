#!lua flags=no-writes
-- KEYS[1] prefix
-- ARGV exchanges
-- reply of each: { bytes that wait in its partitions, … }
local prefix = KEYS[1]

local reply = {}
for i, exchange in ipairs(ARGV) do
  local depths = {}
  local positions = {}
  local fields = redis.call('HGETALL', prefix .. 'xm:' .. exchange)
  for j = 1, #fields, 2 do positions[fields[j]] = tonumber(fields[j + 1]) end
  for partition = 0, (redis.call('HGET', prefix .. 'stages', exchange) or 0) - 1 do
    depths[partition + 1] = (positions['end:' .. partition] or 0) - (positions['at:' .. partition] or 0)
  end
  reply[i] = depths
end
return reply
