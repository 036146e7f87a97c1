-- Reads a page of notes, the newest first.
--
-- KEYS  meta of partition 0 | notes of the kind | their data
-- ARGV  log id, id of the note before ("" for none), how many at most, bytes of data after which it stops
-- Returns {"ok", id, time and data of each...} | {"none"} | {"lost", why} | {"bad", why}

local call = redis.call
if call('HGET', KEYS[1], 'id') ~= ARGV[1] then
  return { 'lost', KEYS[1] .. ' is not of the log that was opened' }
end
local from = '+inf'
if ARGV[2] ~= '' then
  local score = call('ZSCORE', KEYS[2], ARGV[2])
  if not score then
    return { 'none' }
  end
  from = '(' .. score
end
local out, size = { 'ok' }, 0
for _, id in ipairs(call('ZREVRANGEBYSCORE', KEYS[2], from, '-inf', 'LIMIT', 0, ARGV[3])) do
  local data = call('HGET', KEYS[3], id)
  if not data then
    return { 'bad', KEYS[3] .. ' lacks a note of ' .. KEYS[2] }
  end
  out[#out + 1], out[#out + 2] = id, data
  size = size + #data
  if size >= tonumber(ARGV[4]) then
    break
  end
end
return out
