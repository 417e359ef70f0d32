#!lua flags=allow-oom
-- Keeps a chunk of state, even where memory is full: state belongs to what was read from exchanges, whose senders are refused
-- then, so it does not grow for long.
-- KEYS[1] prefix
-- ARGV task, id of the blob, number of the chunk, bytes
local states, blob = KEYS[1] .. 'states:' .. ARGV[1], KEYS[1] .. 'state:' .. ARGV[1] .. ':' .. ARGV[2]

redis.call('HSET', blob, ARGV[3], ARGV[4])
if redis.call('HEXISTS', states, ARGV[2]) == 0 then
  local time = redis.call('TIME')
  redis.call('HSET', states, ARGV[2], string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000)))
end
