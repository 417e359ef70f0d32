#!lua
-- Writes a checkpoint that takes memory: refused where it is full.
-- @include write-checkpoint
