-- Raises a partition's clock to this moment, if it isn't later, and reads the partition's end. civil.lua stands before it.
--
-- KEYS  meta of the partition
-- ARGV  log id
-- Returns {"ok", epoch, seq, hash, clock} | {"lost", why}

local call = redis.call
local m = call('HMGET', KEYS[1], 'id', 'epoch', 'seq', 'hash', 'clock')
if m[1] ~= ARGV[1] then
  return { 'lost', KEYS[1] .. ' is not of the log that was opened' }
end
local time = call('TIME')
local now = civil(tonumber(time[1]), tonumber(time[2]))
if now > m[5] then
  call('HSET', KEYS[1], 'clock', now)
  m[5] = now
end
return { 'ok', m[2], m[3], m[4], m[5] }
