-- Reads the clock, the receipt and the heads of one decision at one moment.
--
-- KEYS  meta of the primary entity's partition | receipt, if ARGV[2] is "1" | heads
-- ARGV  log id, whether a receipt is asked for
-- Returns {seconds, microseconds, partition's clock, receipt or nil, head...} | {"lost", why}

local m = redis.call('HMGET', KEYS[1], 'id', 'clock')
if m[1] ~= ARGV[1] then
  return { 'lost', KEYS[1] .. ' is not of the log that was opened' }
end
local now = redis.call('TIME')
local out = { now[1], now[2], m[2] or '', false }
local first = 2
if ARGV[2] == '1' then
  out[4] = redis.call('GET', KEYS[2])
  first = 3
end
for i = first, #KEYS do
  out[#out + 1] = redis.call('HGETALL', KEYS[i])
end
return out
