#!lua flags=allow-oom
-- Whether a lease is still held.
-- KEYS[1] prefix
-- ARGV run, task, epoch, nonce
-- reply 0|1
-- @include run

return held(currentRun(), ARGV[1], ARGV[2], ARGV[3], ARGV[4]) and 1 or 0
