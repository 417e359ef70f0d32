#!lua flags=allow-oom
-- Writes a checkpoint that frees memory, or takes none: even where it is full.
-- @include write-checkpoint
