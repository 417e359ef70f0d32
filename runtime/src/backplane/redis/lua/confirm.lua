#!lua flags=allow-oom
-- Writes a word, so that there is an offset to wait for, if all records are there.
-- KEYS[1] prefix
-- ARGV of each record: run, task, epoch, nonce of the lease, seq
-- reply { 1, number of replicas } | { 0 }
-- @include run

local present = currentRun()
for i = 1, #ARGV, 5 do
  if not held(present, ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3]) then return { 0 } end
  local seq = redis.call('HGET', key('ckpt:' .. ARGV[i + 1]), 'seq') or 0
  if tonumber(seq) < tonumber(ARGV[i + 4]) then return { 0 } end
end
redis.call('HSET', key('meta'), 'confirmed', whole(now))
local info = redis.pcall('INFO', 'replication')
local replicas = type(info) == 'string' and string.match(info, 'connected_slaves:(%d+)') or 0
return { 1, tonumber(replicas) }
