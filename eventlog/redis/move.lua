-- Changes when a timer is due, or removes it, if it is there under the token.
--
-- KEYS  meta of the partition | timers | their data
-- ARGV  log id, key, token, ms from now ("" removes it)
-- Returns {"ok", "1" or "0"} | {"lost", why}

local call = redis.call
if call('HGET', KEYS[1], 'id') ~= ARGV[1] then
  return { 'lost', KEYS[1] .. ' is not of the log that was opened' }
end
local key, token, data = ARGV[2], ARGV[3] .. '\n', call('HGET', KEYS[3], ARGV[2])
if not call('ZSCORE', KEYS[2], key) or not data or data:sub(1, #token) ~= token then
  return { 'ok', '0' }
end
if ARGV[4] == '' then
  call('ZREM', KEYS[2], key)
  call('HDEL', KEYS[3], key)
else
  local time = call('TIME')
  local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
  call('ZADD', KEYS[2], string.format('%.0f', now + tonumber(ARGV[4])), key)
end
return { 'ok', '1' }
