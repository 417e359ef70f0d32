#!lua flags=no-writes
-- KEYS[1] prefix
-- ARGV task, id of the blob, number of the chunk
-- reply its bytes, nil when there is none

return redis.call('HGET', KEYS[1] .. 'state:' .. ARGV[1] .. ':' .. ARGV[2], ARGV[3])
