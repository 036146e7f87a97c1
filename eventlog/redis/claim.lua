-- Changes what a claim's key holds, if it holds what is expected, see claims.go.
--
-- KEYS  meta of the claim's partition | claim
-- ARGV  log id, text that is expected ("" for none), text to be ("" for none)
-- Returns {"ok", text that the claim holds now} | {"lost", why}

local call = redis.call
if call('HGET', KEYS[1], 'id') ~= ARGV[1] then
  return { 'lost', KEYS[1] .. ' is not of the log that was opened' }
end
local has = call('GET', KEYS[2]) or ''
if has == ARGV[2] and has ~= ARGV[3] then
  if ARGV[3] == '' then
    call('DEL', KEYS[2])
  else
    call('SET', KEYS[2], ARGV[3])
  end
  has = ARGV[3]
end
return { 'ok', has }
