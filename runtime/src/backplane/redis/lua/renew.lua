#!lua flags=allow-oom
-- Extends leases that are still held.
-- KEYS[1] prefix
-- ARGV leaseMs; then of each lease: run, task, epoch, nonce
-- reply '1' or '0' for each lease, joined
-- @include run
-- @include renew

return renew(currentRun(), 2, (#ARGV - 1) / 4, ARGV[1])
