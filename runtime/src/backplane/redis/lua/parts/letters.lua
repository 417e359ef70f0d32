local function insertLetter(bytes)
  local id = redis.call('HINCRBY', key('meta'), 'letters', 1)
  redis.call('HSET', key('dead'), id, bytes)
  redis.call('ZADD', key('dead:stored'), id, id)
end
