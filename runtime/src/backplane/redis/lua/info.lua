#!lua flags=no-writes
-- What the server that has the keys of the job says of itself.
-- KEYS[1] prefix
-- ARGV sections of INFO
-- reply their text, nil where it is forbidden

local reply = {}
for i, section in ipairs(ARGV) do
  local info = redis.pcall('INFO', section)
  reply[i] = type(info) == 'string' and info or false
end
return reply
