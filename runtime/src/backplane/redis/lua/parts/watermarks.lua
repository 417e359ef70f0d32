-- Event time of what is sent to an exchange: one line a producer in a sorted set, infinite where it is idle.

local function parse(score)
  if score == 'inf' or score == '+inf' then return math.huge end
  if score == '-inf' then return -math.huge end
  return tonumber(score)
end

-- The least line, as text; false when all producers have ended.
local function leastLine(exchange)
  return redis.call('ZRANGE', key('wm:' .. exchange), 0, 0, 'WITHSCORES')[2] or false
end

-- The greatest finite watermark that an exchange ever had.
local function floorOf(exchange) return redis.call('HGET', key('floors'), exchange) or '-inf' end

-- Exchanges whose lines have changed.
local moved = {}

local function setLine(exchange, producer, watermark)
  redis.call('ZADD', key('wm:' .. exchange), watermark, producer)
  moved[exchange] = true
end

local function dropLine(exchange, producer)
  redis.call('ZREM', key('wm:' .. exchange), producer)
  moved[exchange] = true
end

-- At the end of a script: what the least was between two of its changes, nobody has seen.
local function raiseFloors()
  for exchange in pairs(moved) do
    local least = leastLine(exchange)
    local watermark = least and parse(least) or -math.huge
    if watermark < math.huge and watermark > parse(floorOf(exchange)) then
      redis.call('HSET', key('floors'), exchange, least)
    end
  end
end

-- Where a producer begins that nobody knew before: the placeholder of its own source does not count.
local function presentLeast(exchange, placeholder)
  local lines = redis.call('ZRANGE', key('wm:' .. exchange), 0, 1, 'WITHSCORES')
  local least = lines[2]
  if lines[1] == placeholder then least = lines[4] end
  if not least or least == 'inf' then return floorOf(exchange) end
  return least
end

local function sendsOf(stage) return cjson.decode(redis.call('HGET', key('sends'), stage) or '[]') end
