-- Removes a note.
--
-- KEYS  meta of partition 0 | notes of the kind | their data
-- ARGV  log id, note's id
-- Returns {"ok", "1" or "0"} | {"lost", why}

local call = redis.call
if call('HGET', KEYS[1], 'id') ~= ARGV[1] then
  return { 'lost', KEYS[1] .. ' is not of the log that was opened' }
end
call('HLEN', KEYS[3]) -- another type fails here, before anything is written
local removed = call('ZREM', KEYS[2], ARGV[2])
call('HDEL', KEYS[3], ARGV[2])
return { 'ok', tostring(removed) }
