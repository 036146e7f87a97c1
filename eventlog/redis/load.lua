-- Reads the clock, the receipt, the heads and the owners of claimed values of one decision at one moment.
--
-- KEYS  meta of the primary entity's partition | receipt, if ARGV[2] is "1" | heads | claims
-- ARGV  log id, whether a receipt is asked for, number of claims
-- Returns {seconds, microseconds, partition's clock, receipt or nil, head..., owner or nil...} | {"lost", why}

local call = redis.call
local m = call('HMGET', KEYS[1], 'id', 'clock')
if m[1] ~= ARGV[1] then
  return { 'lost', KEYS[1] .. ' is not of the log that was opened' }
end
local now = call('TIME')
local out = { now[1], now[2], m[2] or '', false }
local first, claims = 2, #KEYS - tonumber(ARGV[3])
if ARGV[2] == '1' then
  out[4] = call('GET', KEYS[2])
  first = 3
end
for i = first, claims do
  out[#out + 1] = call('HGETALL', KEYS[i])
end
for i = claims + 1, #KEYS do
  out[#out + 1] = call('GET', KEYS[i])
end
return out
