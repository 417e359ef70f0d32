#!lua
-- Keeps contents for a checkpoint that is to come; what another one has left is dropped.
-- KEYS[1] prefix
-- ARGV run, task, epoch, nonce, seq, tenure in one word, piece, number of contents of it that earlier calls have stored,
--      last call of the piece 0|1; then of each content: where it goes (see write-checkpoint), its bytes
-- reply { 'written' | 'already' | 'fenced' } | { 'misplaced', last seq }
-- @include run
-- @include place

local task, seq, tenure, piece, offset = ARGV[2], ARGV[5], ARGV[6], ARGV[7], tonumber(ARGV[8])
if not held(currentRun(), ARGV[1], task, ARGV[3], ARGV[4]) then return { 'fenced' } end
local placed = place(task, tonumber(seq), tenure)
if placed ~= 'next' then return placed end

local staged = key('staged:' .. task)
local of = tenure .. '|' .. seq
if redis.call('HGET', staged, 'of') ~= of then redis.call('DEL', staged) end
redis.call('HSET', staged, 'of', of)
local count = (#ARGV - 9) / 2
for i = 0, count - 1 do
  local name = piece .. '.' .. whole(offset + i)
  redis.call('HSET', staged, 'to:' .. name, ARGV[10 + i * 2], 'bytes:' .. name, ARGV[11 + i * 2])
end
if ARGV[9] == '1' then redis.call('HSET', staged, 'count:' .. piece, whole(offset + count)) end
return { 'written' }
