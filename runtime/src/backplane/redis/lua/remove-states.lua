#!lua flags=allow-oom
-- KEYS[1] prefix
-- ARGV task, ids of blobs

for i = 2, #ARGV do
  redis.call('HDEL', KEYS[1] .. 'states:' .. ARGV[1], ARGV[i])
  redis.call('UNLINK', KEYS[1] .. 'state:' .. ARGV[1] .. ':' .. ARGV[i])
end
