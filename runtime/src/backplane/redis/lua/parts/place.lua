-- Whether a record follows the last one, or repeats one of this tenure. @returns 'next', or what to reply
local function place(task, seq, tenure)
  local last = redis.call('HMGET', key('ckpt:' .. task), 'seq', 'tenure')
  local expected = tonumber(last[1] or 0) + 1
  if seq == expected then return 'next' end
  if seq < expected and last[2] == tenure then return { 'already' } end
  return { 'misplaced', expected - 1 }
end
