-- Keeps a note, in place of one of the same id. A note's score is one more than that of the newest before it: the order of arrival, whatever the clock says.
--
-- KEYS  meta of partition 0 | notes of the kind | their data
-- ARGV  log id, note's id, data, how many are kept, whether more are refused ("1" or ""), how many it removes at most
-- Returns {"ok"} | {"many", count} | {"lost", why}

local call, format = redis.call, string.format
if call('HGET', KEYS[1], 'id') ~= ARGV[1] then
  return { 'lost', KEYS[1] .. ' is not of the log that was opened' }
end
local id, keep, refuse = ARGV[2], tonumber(ARGV[4]), ARGV[5] == '1'
local count, replaces = call('ZCARD', KEYS[2]), call('ZSCORE', KEYS[2], id)
call('HLEN', KEYS[3]) -- another type fails here, before anything is written
if not replaces then
  if refuse and count >= keep then
    return { 'many', tostring(count) }
  end
  count = count + 1
end
local newest, time = call('ZREVRANGE', KEYS[2], 0, 0, 'WITHSCORES')[2] or '0', call('TIME')
local at = format('%.0f', tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000))
call('ZADD', KEYS[2], format('%.0f', tonumber(newest) + 1), id)
call('HSET', KEYS[3], id, at .. '\n' .. ARGV[3])
if not refuse and count > keep then
  local gone = call('ZPOPMIN', KEYS[2], math.min(count - keep, tonumber(ARGV[6])))
  for i = 1, #gone, 2 do
    call('HDEL', KEYS[3], gone[i])
  end
end
return { 'ok' }
