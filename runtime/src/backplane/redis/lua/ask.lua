#!lua flags=allow-oom
-- Asks a worker for tasks, if it lives.
-- KEYS[1] prefix
-- ARGV worker that is asked, worker that asks, leaseMs
-- @include run

if redis.call('ZSCORE', key('alive'), ARGV[1]) then
  redis.call('ZADD', key('asks:' .. ARGV[1]), now + ARGV[3], ARGV[2])
end
