#!lua flags=allow-oom
-- Takes stages out of the job that the topology no longer has, with all that is kept of them.
-- KEYS[1] prefix
-- ARGV names of stages
-- @include run
-- @include watermarks
-- @include stages
-- @include drop

for _, stage in ipairs(ARGV) do
  local kind = redis.call('HGET', key('stages'), stage)
  if kind then
    local tasks = tasksOf(stage)
    for _, exchange in ipairs(sendsOf(stage)) do
      for _, task in ipairs(tasks) do dropLine(exchange, task) end
      dropLine(exchange, 'discovery:' .. stage)
    end
    for _, task in ipairs(tasks) do dropTask(task) end
    if kind ~= 'source' then dropExchange(stage, kind) end
    redis.call('UNLINK', key('parts:' .. stage))
    for _, name in ipairs({ 'looking', 'listed' }) do redis.call('SREM', key(name), stage) end
    for _, name in ipairs({ 'stages', 'sends' }) do redis.call('HDEL', key(name), stage) end
  end
end
raiseFloors()
