#!lua flags=no-writes
-- Dead letters by id, as many as fit.
-- KEYS[1] prefix
-- ARGV stored|redrive|'' for both, id to begin after, most letters, most bytes
-- reply { id, state, bytes, … }
local prefix, after, limit, most = KEYS[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])

local found = {}
for _, state in ipairs(ARGV[1] == '' and { 'stored', 'redrive' } or { ARGV[1] }) do
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', prefix .. 'dead:' .. state, '(' .. after, '+inf', 'LIMIT', 0, limit)) do
    table.insert(found, { tonumber(id), state })
  end
end
table.sort(found, function(a, b) return a[1] < b[1] end)

local reply, size = {}, 0
for i = 1, math.min(limit, #found) do
  local bytes = redis.call('HGET', prefix .. 'dead', string.format('%.0f', found[i][1]))
  size = size + #bytes
  if i > 1 and size > most then break end
  table.insert(reply, found[i][1])
  table.insert(reply, found[i][2])
  table.insert(reply, bytes)
end
return reply
