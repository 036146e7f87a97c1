-- Follows one entity's events backwards.
--
-- KEYS  log
-- ARGV  sequence to start at, how many at most, bytes of changes and input after which it stops
-- Returns the entries, newest first, as XRANGE would

local out, seq, size = {}, ARGV[1], 0
for _ = 1, tonumber(ARGV[2]) do
  local entry = redis.call('XRANGE', KEYS[1], seq .. '-0', seq .. '-0')[1]
  if not entry then
    break
  end
  out[#out + 1] = entry
  local x = ''
  for i = 1, #entry[2], 2 do
    if entry[2][i] == 'x' then x = entry[2][i + 1] end
    size = size + #entry[2][i + 1]
  end
  seq = string.match(x, '^%d+ %d+ (%d+) ')
  if not seq or seq == '0' or size > tonumber(ARGV[3]) then
    break
  end
end
return out
