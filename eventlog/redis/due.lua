-- Reads the timers that are due at this moment, and when the next one is.
--
-- KEYS  meta of the partition | timers | their data
-- ARGV  log id, how many at most, bytes of data after which it stops
-- Returns {"ok", ms until the next or "-1", key, due, token and data of each...} | {"lost", why} | {"bad", why}

local call, format = redis.call, string.format
if call('HGET', KEYS[1], 'id') ~= ARGV[1] then
  return { 'lost', KEYS[1] .. ' is not of the log that was opened' }
end
local time, limit = call('TIME'), tonumber(ARGV[2])
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local found = call('ZRANGEBYSCORE', KEYS[2], '-inf', format('%.0f', now), 'WITHSCORES', 'LIMIT', 0, limit + 1)
local out, size = { 'ok', '0' }, 0
for i = 1, #found, 2 do
  if i > 2 * limit or size >= tonumber(ARGV[3]) then
    return out -- more are due
  end
  local data = call('HGET', KEYS[3], found[i])
  if not data then
    return { 'bad', KEYS[3] .. ' lacks a timer of ' .. KEYS[2] }
  end
  out[#out + 1], out[#out + 2], out[#out + 3] = found[i], found[i + 1], data
  size = size + #data
end
local next = call('ZRANGEBYSCORE', KEYS[2], '(' .. format('%.0f', now), '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
out[2] = next[2] and format('%.0f', tonumber(next[2]) - now) or '-1'
return out
