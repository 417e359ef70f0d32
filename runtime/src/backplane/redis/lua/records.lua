#!lua flags=no-writes
-- KEYS[1] prefix
-- ARGV task
-- reply { the last record, the one before it }, nil for what is not there

return redis.call('HMGET', KEYS[1] .. 'ckpt:' .. ARGV[1], 'record', 'before')
