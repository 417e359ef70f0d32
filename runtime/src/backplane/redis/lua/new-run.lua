#!lua flags=allow-oom
-- Begins another life of the job, with nothing of this one but dead letters and what says which workers there are.
-- KEYS[1] prefix
-- ARGV nonce of the new run, run that is to end
-- reply 'begun', 'already', or 'changed' when another run is the present one
-- @include run
-- @include stages
-- @include drop

local nonce, from = ARGV[1], ARGV[2]
local run = currentRun(nonce)
if redis.call('HGET', key('meta'), 'run') == nonce then return 'already' end
if run ~= from then return 'changed' end

local stages = redis.call('HGETALL', key('stages'))
for i = 1, #stages, 2 do
  for _, task in ipairs(tasksOf(stages[i])) do dropTask(task) end
  if stages[i + 1] ~= 'source' then dropExchange(stages[i], stages[i + 1]) end
  redis.call('UNLINK', key('parts:' .. stages[i]))
end
for _, name in ipairs({ 'stages', 'sends', 'looking', 'listed', 'solo', 'kept' }) do redis.call('DEL', key(name)) end
redis.call('HSET', key('meta'), 'run', nonce, 'generation', 1)
return 'begun'
