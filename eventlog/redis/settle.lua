-- Finds out whether a claim's owner has the value, see claims.go. If not, no append with the claim's token gives it to the owner any more.
--
-- KEYS  meta of the owner's partition | head of the owner | head of whom the value is taken from, or of the owner | abort mark of the token
-- ARGV  log id, name of the value in heads, ms that the mark is kept, "" if the append of that token is known to have happened
-- Returns {"ok", "held" or "kept" (by whom it was to be taken from) or "free"} | {"lost", why}

local call = redis.call
if call('HGET', KEYS[1], 'id') ~= ARGV[1] then
  return { 'lost', KEYS[1] .. ' is not of the log that was opened' }
end
if call('HEXISTS', KEYS[2], ARGV[2]) == 1 then
  return { 'ok', 'held' }
end
local kept = call('HEXISTS', KEYS[3], ARGV[2]) == 1
if ARGV[3] ~= '' then
  call('SET', KEYS[4], '', 'PX', ARGV[3])
end
return { 'ok', kept and 'kept' or 'free' }
