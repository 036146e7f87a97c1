-- Keeps how far a reader has come, if that is further than before.
--
-- KEYS  meta of the partition | cursors
-- ARGV  log id, name, epoch, seq, hash
-- Returns {"ok"} | {"lost", why}

local call = redis.call
if call('HGET', KEYS[1], 'id') ~= ARGV[1] then
  return { 'lost', KEYS[1] .. ' is not of the log that was opened' }
end
local epoch, seq = tonumber(ARGV[3]), tonumber(ARGV[4])
local e, s = string.match(call('HGET', KEYS[2], ARGV[2]) or '0 0 ', '^(%d+) (%d+) ')
e, s = tonumber(e), tonumber(s)
if epoch > e or epoch == e and seq > s then
  call('HSET', KEYS[2], ARGV[2], ARGV[3] .. ' ' .. ARGV[4] .. ' ' .. ARGV[5])
end
return { 'ok' }
